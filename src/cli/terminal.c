/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include "base/stop.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	USUAL_WIDTH = 80,
	LINE_ROOM = 2048,
	STOP_LOOK_MS = 100,
};

/* True for a terminal with control sequences: Emacs, cron and CI consoles have none. */
static bool is_capable(int fd)
{
	const char *type = getenv("TERM");

	return isatty(fd) && type && *type && strcmp(type, "dumb") != 0;
}

static bool wants_color(enum color color)
{
	const char *no_color = getenv("NO_COLOR");

	switch (color) {
	case COLOR_ALWAYS:
		return true;
	case COLOR_NEVER:
		return false;
	case COLOR_AUTO:
		break;
	}
	return is_capable(STDOUT_FILENO) && !(no_color && *no_color);
}

void terminal_open(struct terminal *t, enum color color, bool quiet)
{
	*t = (struct terminal){
		.color = wants_color(color),
		.quiet = quiet,
		.interactive = isatty(STDIN_FILENO) && isatty(STDERR_FILENO),
		.progress = is_capable(STDERR_FILENO) && !quiet,
	};
}

/* Of stderr; asked each time, as a window changes. */
static size_t terminal_width(void)
{
	struct winsize size = { 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
									   : USUAL_WIDTH;
}

void terminal_clear(struct terminal *t)
{
	if (t->shown)
		fputs("\r\033[K", stderr);
	t->shown = false;
}

static void put_out(struct terminal *t)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && errno == EPIPE)
		t->left = true;
}

void term_print(struct terminal *t, const struct buf *text)
{
	terminal_clear(t);
	fwrite(buf_text(text), 1, text->len, stdout);
	/* flushed, so that a reader sees each line at once */
	put_out(t);
}

static int put_piece(const char *bytes, size_t len, void *ctx)
{
	(void)ctx;
	fwrite(bytes, 1, len, stdout);
	return 0;
}

void term_print_json(struct terminal *t, const json_t *json, bool one_line)
{
	terminal_clear(t);
	json_dump_callback(json, put_piece, NULL, one_line ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
	put_out(t);
}

/* Escapes names, paths and the lines that another program printed. */
static void terminal_say(struct terminal *t, const char *fmt, va_list args)
{
	AUTO(buf) line = { 0 };
	char text[LINE_ROOM];

	vsnprintf(text, sizeof(text), fmt, args);
	buf_puts(&line, "certfleet: ");
	text_escape_lines(&line, text, "\n  | ");
	buf_putc(&line, '\n');
	term_error(t, &line);
}

void terminal_error(struct terminal *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	terminal_say(t, fmt, args);
	va_end(args);
}

void term_note(struct terminal *t, const char *fmt, ...)
{
	va_list args;

	if (t->quiet)
		return;
	va_start(args, fmt);
	terminal_say(t, fmt, args);
	va_end(args);
}

void term_error(struct terminal *t, const struct buf *text)
{
	terminal_clear(t);
	fwrite(buf_text(text), 1, text->len, stderr);
}

/* Cuts the text to a number of columns, between two characters. */
static void cut_to_width(char *text, size_t columns)
{
	size_t len = strlen(text);

	while (text_width(text) > columns) {
		do
			len--;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80);
		text[len] = '\0';
	}
}

void terminal_progress(struct terminal *t, const char *fmt, ...)
{
	char text[LINE_ROOM];
	va_list args;

	if (!t->progress)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	terminal_clear(t);
	/* the last column would move the cursor to the next row */
	cut_to_width(text, terminal_width() - 1);
	fputs(text, stderr);
	t->shown = true;
}

/* One byte; false at the end of the input, and on a stop, which may come before the wait. */
static bool read_byte(char *out)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!stop_requested()) {
		int ready = poll(&input, 1, STOP_LOOK_MS);

		if (ready > 0)
			return read(STDIN_FILENO, out, 1) == 1;
		if (ready < 0 && errno != EINTR)
			return false;
	}
	return false;
}

bool terminal_line(struct terminal *t, const char *prompt, struct buf *answer)
{
	char c = '\0';

	terminal_clear(t);
	fprintf(stderr, "%s ", prompt);
	while (read_byte(&c)) {
		if (c == '\n')
			return true;
		buf_putc(answer, c);
	}
	fputc('\n', stderr);
	return false;
}

bool terminal_ask(struct terminal *t, const char *question)
{
	char answer[8] = "";

	terminal_clear(t);
	fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

bool terminal_close(struct terminal *t, struct err *e)
{
	terminal_clear(t);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	return err_sys(e, "cannot write the output");
}
