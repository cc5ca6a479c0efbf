/* SPDX-License-Identifier: Apache-2.0 */
/* All that the decoder can do (base/decoder.h), for it to be started with. */
#ifndef CLI_DECODERS_H
#define CLI_DECODERS_H

#include "base/decoder.h"

extern decode_fn *const decoders[]; /* ends with NULL */

#endif
