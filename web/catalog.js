// The catalog as a whole: warehouses, what changed, how the server does.

import { h, show, grid, facts, time, count, bytes } from './dom.js';
import { api } from './api.js';

export async function showCatalog({ put, tree }) {
  const warehouses = await api.warehouses();
  put(h('h1', {}, 'Catalog'), h('h2', {}, 'Warehouses'),
    grid('Warehouses', [['name', one => one.name], ['location', one => one.location], ['', one => (one.default ? 'default' : '')],
      ['properties', one => Object.entries(one.properties || {}).map(([key, value]) => `${key} = ${value}`).join(', ')]], warehouses),
    h('h2', {}, 'Namespaces'), tree.roots.length === 0
      ? h('p', { class: 'quiet' }, 'There is none yet. Create one from your client, or load the demo table: ', h('code', {}, 'firn demo'))
      : h('p', {}, `${count(tree.roots.length)} at the top level, in the tree at the left.`));
}

export async function showChanges({ put }) {
  const rows = [];
  let after = 0;
  // The log is read forward; its end is what people look for.
  for (let more = true; more;) {
    const { changes } = await api.get(`/management/v1/changes?after=${after}&limit=1000`);
    rows.push(...changes);
    if (rows.length > 1000) rows.splice(0, rows.length - 1000);
    more = changes.length === 1000;
    if (changes.length) after = changes[changes.length - 1].sequence;
  }
  put(h('h1', {}, 'Changes'), h('p', { class: 'quiet' }, 'The newest of the catalog’s change log, at most 1,000.'),
    grid('Changes', [['time', one => time(one['time-ms'])], ['operation', one => one.operation],
      ['what', one => [...(one.namespace || []), ...(one.name ? [one.name] : [])].join('.')],
      ['actor', one => one.actor], ['request', one => one['request-id']], ['metadata', one => one['new-location'] || '']], rows.reverse()));
}

// The exposition's samples: {name: [[labels, value]]}.
function parse(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match || line.startsWith('#')) continue;
    const labels = Object.fromEntries([...(match[2] || '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]));
    families.set(match[1], [...(families.get(match[1]) || []), [labels, Number(match[3])]]);
  }
  return families;
}

export async function showHealth({ put }) {
  const [ready, text, { purges }] = await Promise.all([
    api.get('/readyz').then(() => ['ready', 'good'], error => [error.message, 'bad']),
    fetch('/metrics', { cache: 'no-store' }).then(answer => answer.text()),
    api.get('/management/v1/purges?limit=100'),
  ]);
  const families = parse(text), one = name => families.get(name)?.[0]?.[1];
  const byOperation = new Map();
  for (const [{ operation, status }, value] of families.get('firn_requests_total') || []) {
    const row = byOperation.get(operation) || { operation, all: 0, failed: 0, refused: 0 };
    row.all += value;
    if (status.startsWith('5')) row.failed += value;
    else if (status.startsWith('4')) row.refused += value;
    byOperation.set(operation, row);
  }
  for (const [{ operation }, value] of families.get('firn_request_duration_seconds_sum') || []) byOperation.get(operation).seconds = value;
  put(h('h1', {}, 'Health'), h('p', { class: ready[1] }, show(ready[0])),
    facts([['up since', time((one('process_start_time_seconds') || 0) * 1000)], ['memory', bytes(one('process_resident_memory_bytes'))],
      ['cache', `${bytes(one('firn_cache_bytes'))} of ${bytes(one('firn_cache_limit_bytes'))}`],
      ['connections', one('firn_connections')], ['waiting requests', `${one('firn_queue_length')} of ${one('firn_queue_limit')}`],
      ['busy workers', `${one('firn_workers_busy')} of ${one('firn_workers')}`], ['database', bytes(one('firn_database_bytes'))]]),
    h('h2', {}, 'Requests since the start'),
    grid('Requests', [['operation', row => row.operation], ['answered', row => count(row.all), 'number'],
      ['4xx', row => count(row.refused), 'number'], ['5xx', row => count(row.failed), 'number'],
      ['mean', row => `${(row.seconds / row.all * 1000).toFixed(2)} ms`, 'number']], [...byOperation.values()].sort((a, b) => b.all - a.all)),
    h('h2', {}, 'Files still to be purged'),
    grid('Purges', [['location', row => row.location], ['attempts', row => count(row.attempts), 'number'], ['reason', row => row.reason || '']], purges));
}
