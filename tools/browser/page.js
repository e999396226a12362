// The steps of page_checks.py in a browser: node page.js STEP URL ARGUMENT...

const { chromium } = require(process.env.FECTL_PLAYWRIGHT);
const assert = require("node:assert");
const readline = require("node:readline");

const DEADLINE_MS = 30000;

// Lets the caller do what is to happen, and returns when it was done.
function now() {
  const lines = readline.createInterface({ input: process.stdin });
  console.log("now");
  return new Promise((resolve) => lines.once("line", () => { lines.close(); resolve(); }));
}

function row(page, service) {
  return page.locator("#services > tbody > tr", { has: page.getByRole("button", { name: service, exact: true }) });
}

const STEPS = {
  async looks(page, picture) {
    await row(page, "bad").getByRole("button").click();
    await page.getByText("Last lines of worker 1").waitFor();
    await page.getByRole("table", { name: "Services" }).waitFor();
    await page.getByRole("list", { name: "Events" }).waitFor();
    assert.equal(await page.getByRole("status").textContent(), "live");
    // Everything that can be reached has a name.
    for (const one of await page.locator("button, a, input").all()) {
      const name = await one.evaluate((found) => found.textContent || (found.labels && found.labels[0].textContent));
      assert.ok(name.trim(), await one.evaluate((found) => found.outerHTML));
    }
    await page.screenshot({ path: picture });
  },

  async crash(page) {
    await page.locator("#events li").first().waitFor();
    await page.evaluate(() => {
      window.seen = null;
      new MutationObserver((changes) => {
        const added = changes.flatMap((change) => [...change.addedNodes]);
        if (added.some((node) => /worker\.lost.*web/.test(node.textContent))) window.seen = Date.now();
      }).observe(document.getElementById("events"), { childList: true });
    });
    const before = Date.now();
    await now();
    await page.waitForFunction(() => window.seen !== null, null, { timeout: DEADLINE_MS });
    const took = (await page.evaluate(() => window.seen)) - before;
    console.log("shown after", took, "ms");
    assert.ok(took < 1000, `a crash was shown after ${took} ms`);
    const restarts = row(page, "web").locator("td").nth(2);
    await page.waitForFunction((cell) => cell.textContent === "1", await restarts.elementHandle(), { timeout: DEADLINE_MS })
      .catch(async () => assert.equal(await restarts.textContent(), "1"));
  },

  async recovers(page) {
    await page.evaluate(() => { window.mark = "the same page"; });
    await now();
    await row(page, "jobs").getByText("stopped").waitFor({ timeout: DEADLINE_MS });
    await page.locator("#events li", { hasText: "service.stopped" }).first().waitFor({ timeout: DEADLINE_MS });
    await page.locator("#connection.live").waitFor({ timeout: DEADLINE_MS });
    assert.equal(await page.evaluate(() => window.mark), "the same page");
  },

  async keyboard(page) {
    await page.keyboard.press("/");
    await page.keyboard.type("we");
    assert.equal(await page.locator("#services > tbody > tr:visible").count(), 1);
    await page.keyboard.press("Escape");
    assert.ok(await page.locator("#services > tbody > tr:visible").count() > 3);
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    const name = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-expanded")), "true");
    await page.getByRole("table", { name: `Workers of ${name}` }).waitFor();
    // It stays where it is while the rows are renewed.
    await page.waitForResponse((answer) => answer.url().endsWith("/api/v1/status"));
    await page.waitForResponse((answer) => answer.url().endsWith("/api/v1/status"));
    assert.equal(await page.evaluate(() => document.activeElement.textContent), name);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("tr.detail").count(), 0);
  },

  async hostile(page) {
    await row(page, "bad").getByRole("button").click();
    await page.locator("pre", { hasText: "<img src=x" }).waitFor({ timeout: DEADLINE_MS });
    assert.equal(await page.locator("img, pre *").count(), 0);
    assert.match(await page.title(), /fectl$/);
  },
};

async function main() {
  const [step, url, ...rest] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const scheme = step === "looks" ? rest.shift() : "light";
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1200, height: 850 } });
    const wrong = [];
    const hosts = new Set();
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => { if (message.type() === "error") wrong.push(message.text()); });
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    await page.goto(url);
    await page.locator("button.open").first().waitFor();
    await STEPS[step](page, ...rest);
    assert.deepEqual([...hosts], [new URL(url).host]);
    // What a browser says of a server that is away for a moment is no fault of the page.
    assert.deepEqual(step === "recovers" ? [] : wrong, []);
  } finally {
    await browser.close();
  }
}

main().then(() => process.exit(0), (error) => { console.log(error.stack || error); process.exit(1); });
