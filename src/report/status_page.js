"use strict";
/* The rows are data; a filter makes a list of them, of which the first are drawn. */
(() => {
	const DRAWN = 100;
	const WEEKS = 26;
	const DAY = 86400000;
	const data = JSON.parse(document.getElementById("data").textContent);
	const now = Date.parse(data.at);
	const at = (id) => document.getElementById(id);
	const tones = {
		"in-sync": "good", failed: "bad", "rolled-back": "bad", invalid: "bad",
		"awaiting-handoff": "ask", unproven: "plain", "not-used": "plain",
	};
	const urgency = ["invalid", "failed", "rolled-back", "unknown", "absent", "outdated", "staged",
		"restart-pending", "awaiting-handoff", "deferred", "unproven", "in-sync", "not-used"];
	const tone = (state) => tones[state] || "warn";
	const day = (time) => (time ? time.slice(0, 10) : "");
	const byName = new Intl.Collator("en", { numeric: true }).compare;

	/* Text is set as text: nothing of the data becomes an element. */
	function make(name, attributes, ...children) {
		const element = document.createElement(name);
		for (const [key, value] of Object.entries(attributes || {}))
			if (key in element && typeof value !== "string") element[key] = value;
			else element.setAttribute(key, value);
		element.append(...children.filter((child) => child !== null && child !== undefined));
		return element;
	}

	/* ---- what is shown ---- */

	const certificates = new Map(data.certificates.filter((c) => c.kind === "certificate").map((c) => [c.name, c]));
	const users = new Map();
	for (const c of data.components) {
		c.ends = certificates.get(c.certificate)?.not_after || null;
		users.set(c.certificate, (users.get(c.certificate) || 0) + 1);
	}
	for (const c of data.certificates) {
		c.used = users.get(c.name) || 0;
		c.week = !c.not_after ? null : Math.min(WEEKS, Math.max(-1, Math.floor((Date.parse(c.not_after) - now) / DAY / 7)));
		c.tone = c.week === -1 ? "bad" : c.renew_at && Date.parse(c.renew_at) <= now ? "warn" : "good";
	}

	const left = (c) => (c.days_left === null || c.days_left === undefined ? "not issued yet" : c.days_left < 0 ? "ended" : `${c.days_left} d`);
	const stateOf = (r) => (r.waits === "window" ? `${r.state}, waits for a window until ${r.waits_until}` : r.waits ? `${r.state}, left by limits` : r.state);
	const tables = [
		{
			name: "Components", rows: data.components, filters: ["state", "waits", "role", "certificate"],
			columns: [
				["Component", (r) => r.name],
				["State", stateOf, "state", (a, b) => urgency.indexOf(a.state) - urgency.indexOf(b.state)],
				["Role", (r) => r.role], ["Certificate", (r) => r.certificate],
				["Ends", (r) => day(r.ends), "date"], ["Evidence", (r) => r.evidence], ["Version", (r) => r.version],
			],
		},
		{
			name: "Certificates", rows: data.certificates, filters: ["kind", "source", "week"],
			columns: [
				["Certificate", (r) => r.name], ["Issued by", (r) => r.issuer],
				["Ends", (r) => day(r.not_after), "date"],
				["Left", left, "date", (a, b) => (a.days_left ?? 1e9) - (b.days_left ?? 1e9)],
				["Renewed from", (r) => day(r.renew_at), "date"], ["Key", (r) => r.key],
				["Used by", (r) => String(r.used), "", (a, b) => a.used - b.used],
			],
		},
	];
	const weekName = (week) => (week === -1 ? "ended" : week === WEEKS ? "later" : new Date(now + week * 7 * DAY).toISOString().slice(0, 10));
	const valueName = (filter, value) => (filter === "week" ? weekName(value) : String(value));
	for (const table of tables)
		for (const row of table.rows) {
			const { problems, evidence, ...fields } = row; /* a search for "one" is not for "none" */
			row.text = [...Object.values(fields), ...problems.map((p) => `${p.code} ${p.message}`)].join("\n").toLowerCase();
		}

	for (const t of tables) t.rows.sort((a, b) => byName(a.name, b.name)); /* equal rows stay in this order */

	let table = tables[0];
	let chosen = {};            /* filter: value */
	let order = { column: 1, up: true };
	let drawn = DRAWN;
	let matching = [];
	const open = new Set();     /* rows with their details */

	/* ---- rows ---- */

	const labels = { fingerprint_sha256: "SHA-256", last_error: "last error", not_before: "valid from", not_after: "ends", renew_at: "renewed from", held_until: "reused until", waits: "waits for", observed_at: "observed" };
	const hidden = new Set(["name", "text", "week", "tone", "used", "ends", "problems"]);

	function detailsOf(row) {
		const list = make("dl");
		for (const [key, value] of Object.entries(row)) {
			if (hidden.has(key) || value === null) continue;
			const text = value === true ? "yes" : value === false ? "no" : value === "" ? "nothing" : String(value);
			list.append(make("dt", null, labels[key] || key.replaceAll("_", " ")),
				make("dd", null, /^[0-9a-f]{40,}$/.test(text) ? make("code", null, text) : text));
		}
		for (const p of row.problems)
			list.append(make("dt", null, p.code), make("dd", null, p.message));
		if (table === tables[1] && row.used) {
			const names = data.components.filter((c) => c.certificate === row.name).map((c) => c.name);
			list.append(make("dt", null, "used by"), make("dd", null, names.slice(0, 50).join(", ") + (names.length > 50 ? ` and ${names.length - 50} more` : "")));
		}
		return make("tr", { class: "details" }, make("td", { colSpan: table.columns.length }, list));
	}

	function lineOf(row) {
		const button = make("button", { type: "button", "aria-expanded": String(open.has(row)) }, row.name);
		const line = make("tr", null, make("td", null, button));
		for (const [, text, kind] of table.columns.slice(1))
			line.append(make("td", { class: kind === "state" ? `state ${tone(row.state)}` : kind || "" }, text(row) ?? ""));
		button.addEventListener("click", () => {
			if (open.delete(row)) line.nextSibling.remove();
			else { open.add(row); line.after(detailsOf(row)); }
			button.setAttribute("aria-expanded", String(open.has(row)));
		});
		return line;
	}

	function draw() {
		const body = document.createDocumentFragment();
		for (const row of matching.slice(0, drawn)) {
			body.append(lineOf(row));
			if (open.has(row)) body.append(detailsOf(row));
		}
		document.querySelector("tbody").replaceChildren(body);
		const rest = matching.length - drawn;
		at("more").hidden = rest <= 0;
		at("more").textContent = `Show ${rest} more`;
	}

	function filter() {
		const begin = performance.now();
		const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
		const wanted = Object.entries(chosen);
		matching = table.rows.filter((row) =>
			wanted.every(([key, value]) => row[key] === value) && words.every((word) => row.text.includes(word)));
		const [, text, , compare] = table.columns[order.column];
		const sign = order.up ? 1 : -1;
		matching.sort((a, b) => sign * (compare ? compare(a, b) : byName(text(a) ?? "", text(b) ?? "")));
		draw();
		document.body.offsetHeight; /* the layout counts as well */
		const took = performance.now() - begin;
		at("count").textContent = `${matching.length} of ${table.rows.length} ${table.name.toLowerCase()}`;
		at("measured").textContent = `Found and drawn in ${took.toFixed(1)} ms.`;
		document.documentElement.dataset.filterMs = took.toFixed(1);
		for (const chip of document.querySelectorAll("#states button, #timeline button"))
			chip.setAttribute("aria-pressed", String(String(chosen[chip.dataset.filter]) === chip.dataset.value));
		for (const select of document.querySelectorAll("#filters select"))
			select.value = chosen[select.name] === undefined ? "" : String(chosen[select.name]);
		document.querySelectorAll("th").forEach((th, i) =>
			th.setAttribute("aria-sort", i !== order.column ? "none" : order.up ? "ascending" : "descending"));
	}

	/* ---- controls ---- */

	/* Values by their text: an attribute and an option hold texts alone. */
	for (const t of tables) {
		t.values = {};
		for (const key of t.filters)
			t.values[key] = new Map([...new Set(t.rows.map((row) => row[key]))].filter((v) => v !== null && v !== undefined)
				.sort((a, b) => (typeof a === "number" ? a - b : byName(a, b))).map((v) => [String(v), v]));
	}

	function choose(key, text) {
		const value = table.values[key].get(text);
		if (value === undefined || chosen[key] === value) delete chosen[key];
		else chosen[key] = value;
		drawn = DRAWN;
		filter();
	}

	function show(next) {
		table = next;
		chosen = {};
		drawn = DRAWN;
		order = { column: table === tables[0] ? 1 : 3, up: true };
		for (const tab of at("tabs").children) {
			const selected = tab.textContent === table.name;
			tab.setAttribute("aria-selected", String(selected));
			tab.tabIndex = selected ? 0 : -1;
		}
		at("filters").replaceChildren(...table.filters.filter((key) => table.values[key].size > 1).map((key) => {
			const select = make("select", { name: key }, make("option", { value: "" }, "any"));
			for (const [text, value] of table.values[key])
				select.append(make("option", { value: text }, valueName(key, value)));
			select.addEventListener("change", () => { delete chosen[key]; choose(key, select.value); });
			return make("label", null, `${key[0].toUpperCase()}${key.slice(1)} `, select);
		}));
		document.querySelector("thead").replaceChildren(make("tr", null, ...table.columns.map(([title], i) => {
			const button = make("button", { type: "button" }, title);
			button.addEventListener("click", () => {
				order = { column: i, up: order.column === i ? !order.up : true };
				filter();
			});
			return make("th", { scope: "col" }, button);
		})));
		filter();
	}

	function chip(key, value, name, ...children) {
		const button = make("button", { type: "button", "data-filter": key, "data-value": String(value), "aria-pressed": "false" }, ...children);
		if (name) { button.title = name; button.setAttribute("aria-label", name); }
		button.addEventListener("click", () => {
			const its = key === "week" ? tables[1] : tables[0];
			if (table !== its) show(its);
			choose(key, String(value));
		});
		return button;
	}

	function drawStates() {
		const counts = new Map();
		for (const c of data.components) counts.set(c.state, (counts.get(c.state) || 0) + 1);
		for (const state of urgency.filter((s) => counts.has(s))) {
			const part = make("span", { class: tone(state), title: `${state}: ${counts.get(state)}` });
			part.style.flexGrow = counts.get(state);
			at("states-bar").append(part);
			const button = chip("state", state, null, `${state} ${counts.get(state)}`);
			button.classList.add(tone(state));
			at("states").append(button);
		}
	}

	function drawTimeline() {
		const weeks = new Map();
		for (const c of data.certificates)
			if (c.week !== null) weeks.set(c.week, [...(weeks.get(c.week) || []), c]);
		const most = Math.max(1, ...[...weeks.values()].map((list) => list.length));
		for (let week = -1; week <= WEEKS; week++) {
			const list = weeks.get(week) || [];
			const bar = make("i", { class: list.some((c) => c.tone === "warn") ? "warn" : list[0]?.tone || "plain" });
			const name = week === -1 ? "ended" : week === WEEKS ? `${WEEKS} weeks and later` : `week from ${weekName(week)}`;
			const button = chip("week", week, `${name}: ${list.length} certificate${list.length === 1 ? "" : "s"}`,
				list.length ? String(list.length) : "", bar,
				make("small", null, week === -1 ? "ended" : week === WEEKS ? "later" : week % 4 ? "" : weekName(week).slice(5)));
			bar.style.height = `${(list.length / most) * 6}rem`;
			button.disabled = !list.length;
			at("timeline").append(button);
		}
	}

	/* Problems that differ in their subject alone are one line. */
	function drawTrouble() {
		const alike = new Map();
		for (const p of data.problems.filter((q) => q.severity !== "info" || q.message)) {
			const key = `${p.code}\n${p.message}\n${p.remedy}`;
			alike.set(key, { ...p, subjects: [...(alike.get(key)?.subjects || []), p.subject].filter(Boolean) });
		}
		for (const p of alike.values()) {
			const subjects = p.subjects.slice(0, 5).join(", ") + (p.subjects.length > 5 ? ` and ${p.subjects.length - 5} more` : "");
			at("trouble").querySelector("ul").append(make("li", null, make("code", null, p.code), ` ${subjects}${subjects ? ": " : ""}${p.message}; ${p.remedy}`));
		}
		at("trouble").hidden = !alike.size;
	}

	/* ---- begin ---- */

	for (const t of tables) {
		const tab = make("button", { type: "button", role: "tab" }, t.name);
		tab.addEventListener("click", () => show(t));
		at("tabs").append(tab);
	}
	at("tabs").addEventListener("keydown", (event) => {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step) return;
		const next = (tables.indexOf(table) + step + tables.length) % tables.length;
		show(tables[next]);
		at("tabs").children[next].focus();
	});
	at("search").addEventListener("input", () => { drawn = DRAWN; filter(); });
	at("reset").addEventListener("click", () => { at("search").value = ""; chosen = {}; filter(); });
	at("more").addEventListener("click", () => { drawn = matching.length; draw(); });
	document.addEventListener("keydown", (event) => {
		if (event.key === "/" && !/^(INPUT|SELECT)$/.test(event.target.tagName)) { event.preventDefault(); at("search").focus(); }
		if (event.key === "Escape" && event.target === at("search")) at("reset").click();
	});
	addEventListener("beforeprint", () => { drawn = matching.length; draw(); });
	at("when").textContent = data.offline ? `as last seen, at the earliest at ${data.observed_at || "no time"}` : `at ${data.at}`;
	drawStates();
	drawTimeline();
	drawTrouble();
	show(tables[0]);
})();
