/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROGRAM_VERSION_H
#define BASE_PROGRAM_VERSION_H

#define CERTFLEET_VERSION "0.1.0"

#endif
