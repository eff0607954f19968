// The page: what stands in the address decides what is shown.
//
//   #/                                      the catalog
//   #/changes  #/dropped  #/health  #/connect
//   #/w/WAREHOUSE/n/NAMESPACE               a namespace (levels joined by U+001F, encoded)
//   #/w/WAREHOUSE/t/NAMESPACE/TABLE/TAB     a table
//   #/w/WAREHOUSE/v/NAMESPACE/VIEW          a view

import { h, failure, show } from './dom.js';
import { api } from './api.js';
import { Tree } from './tree.js';
import { showTable } from './table.js';
import { showNamespace, showView } from './namespace.js';
import { showCatalog, showChanges, showHealth } from './catalog.js';
import { showConnect } from './connect.js';
import { showDropped } from './dropped.js';

const main = document.getElementById('main');
const state = document.getElementById('state');
const picker = document.getElementById('warehouse');
const search = document.getElementById('search');
const LETTER = { namespace: 'n', table: 't', view: 'v' };
const SECTIONS = [['#/', 'Catalog'], ['#/changes', 'Changes'], ['#/dropped', 'Dropped'], ['#/health', 'Health'], ['#/connect', 'Connect'],
  ['/docs', 'API']];

export function address(warehouse, node, tab) {
  const parts = ['#', 'w', encodeURIComponent(warehouse), LETTER[node.kind], encodeURIComponent(node.levels.join('\u001f'))];
  if (node.kind !== 'namespace') parts.push(encodeURIComponent(node.name));
  if (tab) parts.push(tab);
  return parts.join('/');
}

const tree = new Tree(document.getElementById('tree'), node => { location.hash = address(tree.warehouse, node); });

async function setWarehouse(name) {
  if (tree.warehouse === name) return;
  picker.value = name;
  await tree.open(name);
}

// Only the newest view may write into the page.
let turn = 0;

async function route() {
  const mine = ++turn;
  const parts = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  const [, warehouse, letter, levelsText, name, tab] = parts;
  const put = (...content) => { if (mine === turn) main.replaceChildren(...content); };
  drawSections('#/' + (parts[0] === 'w' ? '' : parts[0]));
  try {
    if (parts[0] === 'w') {
      await setWarehouse(warehouse);
      const node = { kind: { n: 'namespace', t: 'table', v: 'view' }[letter], levels: levelsText.split('\u001f'), name };
      const key = letter + levelsText + (letter === 'n' ? '' : '\u001f' + name);
      tree.reveal(node.levels, key).catch(() => tree.select(key));
      document.title = show(name || node.levels.join('.')) + ' · Firn';
      const context = { warehouse, ...node, tab, put, reload: route, tree };
      if (letter === 't') await showTable(context);
      else if (letter === 'v') await showView(context);
      else await showNamespace(context);
    } else {
      document.title = 'Firn';
      const views = { '': showCatalog, changes: showChanges, dropped: showDropped, health: showHealth, connect: showConnect };
      await (views[parts[0]] || showCatalog)({ put, warehouse: tree.warehouse, tree, reload: route });
    }
  } catch (error) {
    put(failure(error));
  }
}

function drawSections(current) {
  document.getElementById('sections').replaceChildren(...SECTIONS.map(([href, title]) =>
    h('a', { href, 'aria-current': href === current ? 'page' : null }, title)));
}

async function watch() {
  try {
    await api.get('/readyz');
    state.textContent = 'ready';
    state.className = '';
  } catch (error) {
    state.textContent = show(error.message, 120);
    state.className = 'bad';
  }
}

async function start() {
  drawSections('#/');
  watch();
  setInterval(watch, 15000);
  try {
    const warehouses = await api.warehouses();
    picker.replaceChildren(...warehouses.map(one => h('option', { value: one.name }, show(one.name, 64))));
    const first = warehouses.find(one => one.default) || warehouses[0];
    const named = location.hash.startsWith('#/w/') ? decodeURIComponent(location.hash.split('/')[2]) : null;
    await setWarehouse(named || first.name);
  } catch (error) {
    main.replaceChildren(failure(error));
    return;
  }
  addEventListener('hashchange', () => route().then(() => main.focus()));
  await route();
}

picker.addEventListener('change', () => setWarehouse(picker.value).then(() => { location.hash = '#/'; }));
let waiting = 0;
search.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => tree.setFilter(search.value), 120);
});
search.addEventListener('keydown', event => {
  if (event.key === 'ArrowDown') { tree.element.focus(); event.preventDefault(); }
});
addEventListener('keydown', event => {
  if (event.key === '/' && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) {
    search.focus();
    event.preventDefault();
  }
});
start();
