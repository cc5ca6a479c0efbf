/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static const int stop_numbers[] = { SIGINT, SIGTERM, SIGHUP };

static atomic_int signals;
static atomic_bool kills;
static bool on_terminal;
/* The last two SIGINTs, in ms; only the handler touches them. */
static _Atomic int64_t interrupts[2];

static void count_interrupt(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);

	int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;

	if (on_terminal && interrupts[0] && now - interrupts[0] <= STOP_KILL_MS)
		kills = true;
	interrupts[0] = interrupts[1];
	interrupts[1] = now;
}

static void on_signal(int number)
{
	signals++;
	if (number == SIGINT)
		count_interrupt();
}

static void stop_handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

void stop_install(void)
{
	on_terminal = isatty(STDIN_FILENO) || isatty(STDERR_FILENO);
	for (size_t i = 0; i < sizeof(stop_numbers) / sizeof(*stop_numbers); i++)
		stop_handle(stop_numbers[i], on_signal);
	signal(SIGPIPE, SIG_IGN);
}

void stop_only_by(int number)
{
	for (size_t i = 0; i < sizeof(stop_numbers) / sizeof(*stop_numbers); i++)
		stop_handle(stop_numbers[i], SIG_IGN);
	signals = 0;
	kills = false;
	stop_handle(number, on_signal);
}

bool stop_requested(void)
{
	return signals > 0;
}

bool stop_insisted(void)
{
	return signals > 1;
}

bool stop_kills(void)
{
	return kills;
}

bool stop_permits(struct err *e)
{
	return !stop_requested() ||
	       err_set(e, ERR_STOPPED, "not begun: certfleet was told to stop");
}
