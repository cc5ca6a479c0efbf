// SPDX-License-Identifier: Apache-2.0
// status_html.js PLAYWRIGHT SMALL LARGE SHOTS: looks at both pages in a browser, and
// prints "pass TEXT" or "fail TEXT" for each thing it looked at.
"use strict";
const [playwright, small, large, shots] = process.argv.slice(2);
const { chromium } = require(playwright);
const check = (good, text, more) => console.log(`${good ? "pass" : "fail"} ${text}${good || more === undefined ? "" : `: ${more}`}`);
const same = (got, wanted, text) => check(JSON.stringify(got) === JSON.stringify(wanted), text, JSON.stringify(got));

(async () => {
	const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
	const complaints = [];
	const requests = [];
	const open = async (path, scheme) => {
		const page = await browser.newPage({ colorScheme: scheme || "light", viewport: { width: 1200, height: 900 } });
		page.on("console", (m) => complaints.push(m.text()));
		page.on("pageerror", (e) => complaints.push(String(e)));
		page.on("dialog", (d) => { complaints.push(`dialog ${d.message()}`); d.dismiss(); });
		page.on("request", (r) => requests.push(r.url()));
		await page.goto(`file://${path}`);
		return page;
	};
	const names = (page) => page.$$eval("tbody tr:not(.details) td:first-child", (cells) => cells.map((c) => c.textContent));
	const count = (page) => page.textContent("#count");
	const focused = (page) => page.evaluate(() => document.activeElement.textContent || document.activeElement.id);

	// ---- mouse ----
	let page = await open(small);
	same(await page.title(), "Certificates of plain", "the page is of the fleet");
	same(await count(page), "4 of 4 components", "all components are there");
	same(await names(page), ["two", "one", "three", "weird"], "the ones in trouble come first");
	same(await page.$$eval("#states button", (all) => all.map((b) => b.textContent)), ["absent 1", "unproven 3"], "states are counted");
	await page.click("#states button >> text=absent");
	same(await names(page), ["two"], "a state filters");
	same(await page.getAttribute("#states button >> text=absent", "aria-pressed"), "true", "and is marked");
	await page.click("#reset");
	await page.selectOption("select[name=certificate]", "odd");
	same(await names(page), ["weird"], "a choice filters");
	await page.click("#reset");
	await page.fill("#search", "ONE");
	same(await names(page), ["one"], "a search finds, in any case");
	await page.fill("#search", "nothing like it");
	same(await count(page), "0 of 4 components", "or finds nothing");
	await page.click("#reset");
	await page.click("th button >> text=Component");
	same(await names(page), ["one", "three", "two", "weird"], "a heading sorts");
	await page.click("th button >> text=Component");
	same(await names(page), ["weird", "two", "three", "one"], "and sorts backwards");
	same(await page.$$eval("th", (all) => all.map((th) => th.getAttribute("aria-sort"))).then((a) => a[0]), "descending", "which is told");
	await page.click("tbody button >> text=one");
	check((await page.textContent("tr.details")).includes("installed"), "details open");
	await page.click("tbody button >> text=one");
	same(await page.$$eval("tr.details", (all) => all.length), 0, "and close");
	await page.click("#timeline button:not([disabled])");
	same(await page.textContent("[role=tab][aria-selected=true]"), "Certificates", "the timeline leads to certificates");
	check((await count(page)).startsWith("1 of "), "of that week", await count(page));
	await page.click("#reset");
	await page.click("tbody button >> text=odd");
	check((await page.textContent("tr.details")).includes("</script"), "a name like an element is text");
	same(await page.$$eval("img", (all) => all.length), 0, "and no element");
	await page.screenshot({ path: `${shots}/light.png`, fullPage: true });

	// ---- keyboard alone ----
	page = await open(small);
	await page.keyboard.press("/");
	await page.keyboard.type("two");
	same(await names(page), ["two"], "keys: / searches");
	await page.keyboard.press("Escape");
	same(await count(page), "4 of 4 components", "keys: Escape shows everything");
	for (let i = 0; i < 40 && (await focused(page)) !== "two"; i++) await page.keyboard.press("Tab");
	same(await focused(page), "two", "keys: Tab reaches a row");
	await page.keyboard.press("Enter");
	check(await page.isVisible("tr.details"), "keys: Enter opens its details");
	for (let i = 0; i < 60 && (await focused(page)) !== "Components"; i++) await page.keyboard.press("Shift+Tab");
	await page.keyboard.press("ArrowRight");
	same(await page.textContent("[role=tab][aria-selected=true]"), "Certificates", "keys: an arrow changes the table");
	const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	check(ring !== "none", "keys: what has the focus is seen", ring);

	// ---- colours, print ----
	const ground = (p) => p.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const dark = await open(small, "dark");
	check((await ground(dark)) !== (await ground(page)), "dark is not light");
	await dark.screenshot({ path: `${shots}/dark.png`, fullPage: true });
	await dark.emulateMedia({ media: "print" });
	same(await ground(dark), "rgb(255, 255, 255)", "print is on white");
	check(!(await dark.isVisible(".controls")), "print has no controls");
	const pdf = await dark.pdf({ path: `${shots}/page.pdf` });
	check(pdf.length > 5000, "it prints to PDF", pdf.length);

	// ---- many ----
	page = await open(large);
	same(await count(page), "2000 of 2000 components", "2,000 components");
	await page.selectOption("select[name=role]", "db");
	same(await count(page), "1000 of 2000 components", "are filtered");
	console.log(`# the first filter took ${await page.evaluate(() => document.documentElement.dataset.filterMs)} ms`);
	await page.click("#more");
	same((await names(page)).length, 1000, "and all shown when asked for");

	same(complaints, [], "no complaint on the console");
	same(requests.filter((url) => !url.startsWith("file:///") || !/\.html$/.test(url)), [], "no request to anywhere");
	complaints.length = 0;
	const ran = await page.evaluate(() => {
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		return window.ran === true;
	});
	check(!ran && complaints.length > 0, "the policy lets no other script run");
	await browser.close();
})().catch((e) => { check(false, "the browser", e); process.exit(1); });
