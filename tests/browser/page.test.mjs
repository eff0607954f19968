// The page as people use it: every view, keyboard, hostile names, changes behind a confirmation.
// Nothing may reach the console as an error, and no request may leave the server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(process.env.FIRN_MODULES + '/');
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const BASE = process.env.FIRN_URL;
const SHOTS = process.env.FIRN_SCREENSHOTS;
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const TABLE = '#/w/default/t/demo/flights';
const VIEWS = { catalog: '#/', changes: '#/changes', dropped: '#/dropped', health: '#/health', connect: '#/connect', namespace: '#/w/default/n/demo',
  view: '#/w/default/v/demo/delays', overview: `${TABLE}/overview`, schema: `${TABLE}/schema`, snapshots: `${TABLE}/snapshots`,
  files: `${TABLE}/files`, plan: `${TABLE}/plan`, properties: `${TABLE}/properties`, metrics: `${TABLE}/metrics` };

let context, page, problems;

before(async () => {
  context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'firn-chromium-')), {
    executablePath: '/usr/bin/chromium', args: QUIET, viewport: { width: 1280, height: 860 },
    bypassCSP: false });
  page = await context.newPage();
  problems = [];
  page.on('console', message => { if (message.type() === 'error') problems.push(`console: ${message.text()}`); });
  page.on('pageerror', error => problems.push(`page: ${error.message}`));
  page.on('dialog', dialog => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', request => { if (!request.url().startsWith(BASE)) problems.push(`request: ${request.url()}`); });
});

after(() => context.close());

async function open(hash) {
  await page.goto('about:blank');
  await page.goto(`${BASE}/${hash}`);
  await page.waitForFunction(() => document.querySelector('main h1'));
  await page.waitForLoadState('networkidle');
}

const main = () => page.locator('main');

function assertNoProblems() {
  assert.deepEqual(problems.splice(0), []);
}

for (const [name, hash] of Object.entries(VIEWS)) {
  test(`${name} shows itself without an error, and axe finds nothing serious`, async () => {
    await open(hash);
    assert.equal(await main().locator('.error').count(), 0);
    // axe is put in through the debugger: the page's own policy allows no script but its own.
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => axe.run());
    const serious = violations.filter(one => ['serious', 'critical'].includes(one.impact));
    assert.deepEqual(serious.map(one => [one.id, one.nodes.map(node => node.html)]), []);
    if (SHOTS) {
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}.png`) });
    }
    assertNoProblems();
  });
}

test('the dark page has contrast enough', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(VIEWS.snapshots);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run({ runOnly: ['color-contrast'] }));
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(violations.map(one => one.nodes.map(node => node.html)), []);
  assertNoProblems();
});

test('the overview has the numbers of the table', async () => {
  await open(VIEWS.overview);
  const metadata = (await (await fetch(`${BASE}/v1/namespaces/demo/tables/flights`)).json()).metadata;
  const text = await main().innerText();
  assert.ok(text.includes(metadata['table-uuid']));
  assert.ok(text.includes(metadata.location));
});

test('snapshots have their ids to the last digit, and their branches and tags', async () => {
  await open(VIEWS.snapshots);
  const raw = await (await fetch(`${BASE}/v1/namespaces/demo/tables/flights`)).text();
  const ids = [...new Set([...raw.matchAll(/"snapshot-id":\s*(\d+)/g)].map(match => match[1]))];
  const text = await main().innerText();
  for (const id of ids) assert.ok(text.includes(id), id);
  assert.ok(text.includes('audit') && text.includes('first'));
});

test('files have partitions, sizes and readable bounds', async () => {
  await open(VIEWS.files);
  await page.waitForSelector('figure svg');
  const text = await main().innerText();
  assert.match(text, /Data files \(\d+\)/);
  assert.match(text, /Delete files \(1\)/);
  assert.match(text, /id: \d+ … \d+/);
  assert.match(text, /ts: 2024-01-0\d/);
});

test('a scan plan says what a filter leaves, and shows the server’s sentence for a bad one', async () => {
  await open(VIEWS.plan);
  await page.getByText(/Reads \d+ of \d+ files/).waitFor();
  await page.getByLabel('Rows where').fill("ts < '2024-01-02'");
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText(/ruled out|left out|kept/).first().waitFor();
  assertNoProblems();
  await page.getByLabel('Rows where').fill('nothing = 1');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('main .error').waitFor();
  assert.match(await page.locator('main .error').innerText(), /nothing/);
  problems.splice(0); // the browser itself notes the 400
});

test('hostile names are shown as what they are', async () => {
  await open('#/w/default/n/hostile');
  await page.getByRole('treeitem', { name: 'hostile' }).click();
  await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length >= 7);
  const names = await page.getByRole('treeitem').allInnerTexts();
  assert.ok(names.some(name => name.includes('<img src=x onerror=alert(1)>')));
  assert.ok(names.some(name => name.includes('\\u202e')));
  for (const name of ['<img src=x onerror=alert(1)>', 'ä ö/ü%2F', 'a\'b"c`d']) {
    await open(`#/w/default/t/hostile/${encodeURIComponent(name)}/connect`);
    assert.equal(await page.locator('main img').count(), 0);
    assert.ok((await page.locator('main h1').innerText()).includes(name));
  }
  assertNoProblems();
});

test('ten thousand tables cost no more elements than a screen of them', async () => {
  await open('#/w/default/n/many');
  await page.getByRole('treeitem', { name: 'many' }).click();
  const total = Number(process.env.FIRN_BROWSER_TABLES || 10000);
  await page.waitForFunction(number => document.querySelector('#tree > div').offsetHeight >= number * 26, total);
  assert.ok(await page.getByRole('treeitem').count() < 100);
  await page.getByLabel('Search').fill(`t${String(total - 1).padStart(5, '0')}`);
  await page.waitForFunction(() => document.querySelectorAll('[role=treeitem]').length === 2);
  assertNoProblems();
});

test('the tree goes by keyboard', async () => {
  await open('#/');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'tree');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('treeitem', { name: 'flights' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('/demo/'));
  assertNoProblems();
});

test('a rollback asks first and moves main', async () => {
  await open(VIEWS.snapshots);
  const ask = () => page.getByRole('button', { name: 'Roll back…' }).first().click();
  const head = async () => (await (await fetch(`${BASE}/v1/namespaces/demo/tables/flights`)).text()).match(/"current-snapshot-id":\s*(\d+)/)[1];
  const was = await head();
  await ask();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await head(), was);
  await ask();
  await page.getByRole('button', { name: 'Roll back', exact: true }).click();
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  assert.notEqual(await head(), was);
  assertNoProblems();
});

test('a table is renamed and dropped behind a confirmation, and a refusal is the server’s sentence', async () => {
  await fetch(`${BASE}/v1/namespaces/demo/tables`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'gone', schema: { type: 'struct', fields: [{ id: 1, name: 'id', type: 'long', required: false }] } }) });
  await open('#/w/default/t/demo/gone/overview');
  await page.getByRole('button', { name: 'Rename…' }).click();
  await page.getByLabel('Name', { exact: true }).fill('flights');
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await page.locator('dialog .error').waitFor();
  assert.match(await page.locator('dialog .error').innerText(), /exists/i);
  problems.splice(0); // the browser itself notes the 409
  await page.getByLabel('Name', { exact: true }).fill('renamed');
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await page.waitForFunction(() => location.hash === '#/');
  await open('#/w/default/t/demo/renamed/overview');
  await page.getByRole('button', { name: 'Drop…' }).click();
  await page.getByRole('button', { name: 'Drop', exact: true }).click();
  await page.waitForFunction(() => location.hash === '#/');
  const answer = await fetch(`${BASE}/v1/namespaces/demo/tables/renamed`, { method: 'HEAD' });
  assert.equal(answer.status, 404);
  assertNoProblems();
});

test('what was dropped is brought back behind a confirmation, or let go', async () => {
  const row = name => main().getByRole('row').filter({ hasText: name });
  const status = async name => (await fetch(`${BASE}/v1/namespaces/demo/tables/${name}`, { method: 'HEAD' })).status;
  await open(VIEWS.dropped);
  await row('demo.kept').getByRole('button', { name: 'Bring back…' }).click();
  await page.getByLabel('Name', { exact: true }).fill('flights');
  await page.getByRole('button', { name: 'Bring back', exact: true }).click();
  await page.locator('dialog .error').waitFor();
  assert.match(await page.locator('dialog .error').innerText(), /exists/i);
  problems.splice(0); // the browser itself notes the 409
  await page.getByLabel('Name', { exact: true }).fill('again');
  await page.getByRole('button', { name: 'Bring back', exact: true }).click();
  await row('demo.kept').waitFor({ state: 'detached' });
  assert.equal(await status('again'), 204);
  await row('demo.unwanted').getByRole('button', { name: 'Let go…' }).click();
  await page.getByRole('button', { name: 'Let go', exact: true }).click();
  await row('demo.unwanted').waitFor({ state: 'detached' });
  assertNoProblems();
});

test('the first view is there in a moment', async t => {
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    await page.goto('about:blank');
    const started = Date.now();
    await page.goto(`${BASE}/#/`);
    await page.waitForFunction(() => document.querySelector('main h1') && document.querySelector('[role=treeitem]'));
    times.push(Date.now() - started);
  }
  t.diagnostic(`first view with all tables: ${times.join(', ')} ms`);
});
