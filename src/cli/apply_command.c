/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/apply_command.h"

#include "base/clock.h"
#include "base/text.h"

static void apply_command_add_list(const char *option, const char *const *list, size_t count,
				   struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, " --%s ", option);
		text_shell_word(out, list[i]);
	}
}

void apply_choices(const struct choices *c, struct buf *out)
{
	char until[TIME_TEXT];

	apply_command_add_list("target", c->targets, c->target_count, out);
	apply_command_add_list("ack", c->acks, c->ack_count, out);
	apply_command_add_list("reissue", c->reissue, c->reissue_count, out);
	apply_command_add_list("use", c->use, c->use_count, out);
	apply_command_add_list("handed-over", c->handed_over, c->handed_over_count, out);
	if (c->until)
		buf_printf(out, " --until %s", time_format(c->until, until));
	if (c->from_backup) {
		buf_puts(out, " --from-backup ");
		text_shell_word(out, c->from_backup);
	}
	if (c->ignore_windows) {
		buf_puts(out, " --ignore-windows ");
		text_shell_word(out, c->ignore_windows);
	}
	if (c->over_limits) {
		buf_puts(out, " --over-limits ");
		text_shell_word(out, c->over_limits);
	}
	if (c->restart_postponed)
		buf_puts(out, " --restart-postponed");
}

void command_begin(const struct session *s, struct buf *out)
{
	buf_puts(out, "certfleet ");
	if (!s->directory)
		return;
	buf_puts(out, "-C ");
	text_shell_word(out, s->directory);
	buf_putc(out, ' ');
}

void apply_command(const struct session *s, const char *plan_path, const char *fleet_file,
		   const struct choices *c, struct buf *out)
{
	command_begin(s, out);
	buf_puts(out, "apply ");
	if (*plan_path == '-')
		buf_puts(out, "./");
	text_shell_word(out, plan_path);
	buf_puts(out, " --file ");
	text_shell_word(out, fleet_file);
	apply_choices(c, out);
}
