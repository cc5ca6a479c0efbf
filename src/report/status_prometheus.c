/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics in the text format of Prometheus, for the textfile collector of its node
 * exporter.  Each has the label `fleet`, since the files of several fleets are read
 * together.
 */
#include "report/status.h"

#include <inttypes.h>

#define NO_SAMPLE INT64_MIN

/* A sample for each certificate and issuer, for each component, or of the fleet. */
struct metric {
	const char *name; /* without "certfleet_" */
	const char *help;
	/* one of them; NO_SAMPLE: this one has none */
	int64_t (*of_certificate)(const struct status_certificate *row);
	int64_t (*of_component)(const struct status_component *row);
	int64_t (*of_fleet)(const struct status *s);
	bool by_state; /* the component's state is a label */
};

static int64_t not_after(const struct status_certificate *row)
{
	return row->generation ? row->generation->not_after : NO_SAMPLE;
}

static int64_t not_before(const struct status_certificate *row)
{
	return row->generation ? row->generation->not_before : NO_SAMPLE;
}

static int64_t renew_at(const struct status_certificate *row)
{
	return row->generation && row->renew_at ? row->renew_at : NO_SAMPLE;
}

static int64_t in_its_state(const struct status_component *row)
{
	(void)row;
	return 1;
}

static int64_t restart_pending(const struct status_component *row)
{
	return row->state == COMPONENT_RESTART_PENDING;
}

static int64_t waits_until(const struct status_component *row)
{
	return row->waits == WAIT_WINDOW ? row->waits_until : NO_SAMPLE;
}

static int64_t left_by_limits(const struct status_component *row)
{
	return row->waits == WAIT_LIMITS;
}

static int64_t served_not_after(const struct status_component *row)
{
	return row->seen && row->seen->now.served_not_after ? row->seen->now.served_not_after
							    : NO_SAMPLE;
}

static int64_t last_run(const struct status *s)
{
	return s->runs.ended ? s->runs.ended : NO_SAMPLE;
}

static int64_t last_success(const struct status *s)
{
	return s->runs.succeeded ? s->runs.succeeded : NO_SAMPLE;
}

static int64_t last_exit_status(const struct status *s)
{
	return s->runs.ended ? s->runs.exit_status : NO_SAMPLE;
}

static int64_t written(const struct status *s)
{
	return s->now;
}

static const struct metric metrics[] = {
	{ "certificate_not_after_seconds", "Unix time at which the desired certificate ends.",
	  .of_certificate = not_after },
	{ "certificate_not_before_seconds",
	  "Unix time from which the desired certificate is valid.", .of_certificate = not_before },
	{ "certificate_renew_at_seconds",
	  "Unix time from which certfleet renews the certificate; an import has none.",
	  .of_certificate = renew_at },
	{ "component_state", "The component's state; always 1.", .of_component = in_its_state,
	  .by_state = true },
	{ "component_restart_pending",
	  "1 when the component has the desired pair installed but not in use yet, else 0.",
	  .of_component = restart_pending },
	{ "component_waits_until_seconds",
	  "Unix time of the window that a change of the component waits for; without one, none.",
	  .of_component = waits_until },
	{ "component_left_by_limits",
	  "1 when a change of the component is left to a later apply by 'limits', else 0.",
	  .of_component = left_by_limits },
	{ "component_served_not_after_seconds",
	  "Unix time at which the certificate that the component really serves ends.",
	  .of_component = served_not_after },
	{ "last_run_timestamp_seconds",
	  "Unix time of the end of the last apply that had something to do.",
	  .of_fleet = last_run },
	{ "last_success_timestamp_seconds",
	  "Unix time of the end of the last apply that had something to do and ended with 0.",
	  .of_fleet = last_success },
	{ "last_run_exit_status", "Exit status of the last apply that had something to do.",
	  .of_fleet = last_exit_status },
	{ "status_timestamp_seconds", "Unix time at which these metrics were taken.",
	  .of_fleet = written },
};

static void put_label(struct buf *out, char before, const char *label, const char *value)
{
	buf_printf(out, "%c%s=\"", before, label);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

static void begin_sample(const struct metric *m, const struct status *s, struct buf *out)
{
	buf_printf(out, "certfleet_%s", m->name);
	put_label(out, '{', "fleet", s->fleet->name);
}

static void end_sample(int64_t value, struct buf *out)
{
	buf_printf(out, "} %" PRId64 "\n", value);
}

static void put_certificate_sample(const struct metric *m, const struct status *s,
				   const struct status_certificate *row, struct buf *out)
{
	int64_t value = m->of_certificate(row);

	if (value == NO_SAMPLE)
		return;
	begin_sample(m, s, out);
	if (row->certificate)
		put_label(out, ',', "certificate", row->certificate->name);
	else
		put_label(out, ',', "issuer", row->issuer->name);
	end_sample(value, out);
}

static void put_component_sample(const struct metric *m, const struct status *s,
				 const struct status_component *row, struct buf *out)
{
	int64_t value = m->of_component(row);

	if (value == NO_SAMPLE)
		return;
	begin_sample(m, s, out);
	put_label(out, ',', "component", row->component->name);
	if (m->by_state)
		put_label(out, ',', "state", component_state_names[row->state]);
	end_sample(value, out);
}

void status_render_prometheus(const struct status *s, struct buf *out)
{
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics); i++) {
		const struct metric *m = &metrics[i];

		buf_printf(out, "# HELP certfleet_%s %s\n# TYPE certfleet_%s gauge\n", m->name,
			   m->help, m->name);
		for (size_t k = 0; m->of_certificate && k < s->certificate_count; k++)
			put_certificate_sample(m, s, &s->certificates[k], out);
		for (size_t k = 0; m->of_component && k < s->component_count; k++)
			put_component_sample(m, s, &s->components[k], out);
		if (m->of_fleet && m->of_fleet(s) != NO_SAMPLE) {
			begin_sample(m, s, out);
			end_sample(m->of_fleet(s), out);
		}
	}
}
