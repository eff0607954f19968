// A table: what it is, what happened to it, what it is made of, what a scan of it would read.

import { h, show, grid, facts, bytes, count, time, failure } from './dom.js';
import { api, Large } from './api.js';
import { ask } from './dialogs.js';
import { fieldsGrid, historyList, flatten } from './schema.js';
import { snapshotGraph } from './snapshots.js';
import { bars, sizeRanges } from './plots.js';
import { connectLines } from './connect.js';
import { boundText } from './bounds.js';

const TABS = [['overview', 'Overview'], ['schema', 'Schema'], ['snapshots', 'Snapshots'], ['files', 'Files'],
  ['plan', 'Scan plan'], ['properties', 'Properties'], ['metrics', 'Metrics'], ['connect', 'Connect']];
// More files than a page can show; the plan tab counts any number of them.
const MOST_FILES = 5000;

const specText = spec => spec.fields.length
  ? spec.fields.map(field => `${field.name} = ${field.transform}(#${field['source-id'] ?? field['source-ids']})`).join(', ')
  : 'unpartitioned';
const currentSchema = metadata => metadata.schemas.find(one => one['schema-id'] === metadata['current-schema-id']);
const currentSnapshot = metadata => (metadata.snapshots || []).find(one => String(one['snapshot-id']) === String(metadata['current-snapshot-id']));

export async function showTable(context) {
  const { warehouse, levels, name, put } = context;
  const tab = TABS.some(([key]) => key === context.tab) ? context.tab : 'overview';
  const path = api.table(warehouse, levels, name);
  const loaded = await api.get(path);
  const base = location.hash.split('/').slice(0, 6).join('/');
  const body = h('div');
  const title = [...levels, name].join('.');
  put(h('h1', { class: 'wrap' }, show(title)),
    h('p', { class: 'quiet' }, `Table, format ${loaded.metadata['format-version']}`),
    h('nav', { class: 'tabs', 'aria-label': 'Views of the table' }, TABS.map(([key, words]) =>
      h('a', { href: `${base}/${key}`, 'aria-current': key === tab ? 'page' : null }, words))), body);
  const more = { ...context, path, title, metadata: loaded.metadata, where: loaded['metadata-location'], config: loaded.config };
  try {
    body.replaceChildren(...[await VIEWS[tab](more)].flat(Infinity).filter(Boolean));
  } catch (error) {
    body.replaceChildren(failure(error));
  }
}

// --- overview -----------------------------------------------------------------------------------

function overview(context) {
  const { metadata } = context, snapshot = currentSnapshot(metadata), summary = snapshot?.summary || {};
  return [
    facts([['rows', count(summary['total-records'])], ['data files', count(summary['total-data-files'])],
      ['delete files', count(summary['total-delete-files'])], ['size', bytes(summary['total-files-size'])],
      ['snapshots', count((metadata.snapshots || []).length)], ['changed', time(metadata['last-updated-ms'])],
      ['partitioned by', specText(metadata['partition-specs'].find(one => one['spec-id'] === metadata['default-spec-id']))],
      ['uuid', metadata['table-uuid']], ['location', metadata.location], ['metadata', context.where]]),
    h('h2', {}, 'Schema'), fieldsGrid(currentSchema(metadata)),
    h('h2', {}, 'Change it'),
    h('div', { class: 'row' }, h('button', { onclick: () => rename(context) }, 'Rename…'),
      h('button', { class: 'danger', onclick: () => drop(context) }, 'Drop…')),
  ];
}

async function rename(context) {
  const { warehouse, levels, name, title, tree } = context;
  const done = await ask({ title: 'Rename this table', text: `${title} gets another name. Jobs that use the old one will not find it.`,
    verb: 'Rename', fields: [{ name: 'namespace', label: 'Namespace (levels separated by dots)', value: levels.join('.') },
      { name: 'name', label: 'Name', value: name }],
    act: values => api.post(`/v1/${encodeURIComponent(warehouse)}/tables/rename`, { source: { namespace: levels, name },
      destination: { namespace: values.namespace === levels.join('.') ? levels : values.namespace.split('.'), name: values.name } }) });
  if (done) await leave(tree);
}

async function drop(context) {
  const done = await ask({ title: 'Drop this table?', isDangerous: true, verb: 'Drop',
    text: `${context.title} is removed from the catalog. Its files stay where they are. Where the warehouse keeps what is dropped, it can be brought back.`, act: () => api.remove(context.path) });
  if (done) await leave(context.tree);
}

// What is gone, or called otherwise, is no longer in the tree.
async function leave(tree) {
  await tree.open(tree.warehouse);
  location.hash = '#/';
}

// --- schema, specs, orders ----------------------------------------------------------------------

function schema({ metadata }) {
  return [
    h('h2', {}, 'Schemas'), historyList(metadata.schemas, metadata['current-schema-id']),
    h('h2', {}, 'Partition specs'), grid('Partition specs', [['id', one => one['spec-id'], 'number'], ['fields', specText],
      ['', one => (one['spec-id'] === metadata['default-spec-id'] ? 'current' : '')]], metadata['partition-specs']),
    h('h2', {}, 'Sort orders'), grid('Sort orders', [['id', one => one['order-id'], 'number'],
      ['fields', one => one.fields.map(field => `${field.transform}(#${field['source-id'] ?? field['source-ids']}) ${field.direction} ${field['null-order']}`).join(', ') || 'unsorted'],
      ['', one => (one['order-id'] === metadata['default-sort-order-id'] ? 'current' : '')]], metadata['sort-orders']),
  ];
}

// --- snapshots ----------------------------------------------------------------------------------

function snapshots(context) {
  const { metadata } = context;
  const rollback = one => (String(one['snapshot-id']) === String(metadata['current-snapshot-id']) ? '' :
    h('button', { onclick: () => ask({ title: 'Roll back to this snapshot?', isDangerous: true, verb: 'Roll back',
      text: `The branch main of ${context.title} will point to snapshot ${one['snapshot-id']} of ${time(one['timestamp-ms'])}. Newer snapshots stay until they are expired.`,
      act: () => api.post(context.path, {
        requirements: [{ type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
          { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': new Large(metadata['current-snapshot-id']) }],
        updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': new Large(one['snapshot-id']) }] }) })
      .then(done => { if (done) context.reload(); }) }, 'Roll back…'));
  const refs = Object.entries(metadata.refs || {});
  return [snapshotGraph(metadata, rollback),
    h('h2', {}, 'Branches and tags'), grid('Branches and tags', [['name', ([name]) => name], ['type', ([, one]) => one.type],
      ['snapshot', ([, one]) => h('span', { class: 'mono' }, String(one['snapshot-id']))],
      ['kept for', ([, one]) => (one['max-ref-age-ms'] ? `${one['max-ref-age-ms']} ms` : 'ever')]], refs, 'no branch and no tag'),
    h('h2', {}, 'Metadata files'), grid('Metadata files', [['time', one => time(one['timestamp-ms'])], ['file', one => one['metadata-file']]],
      [...(metadata['metadata-log'] || []), { 'timestamp-ms': metadata['last-updated-ms'], 'metadata-file': context.where }].toReversed())];
}

// --- files --------------------------------------------------------------------------------------

const bound = (map, field) => {
  const at = map?.keys?.indexOf(field.id) ?? -1;
  return at < 0 ? null : boundText(field.type, map.values[at]);
};

async function files(context) {
  const { warehouse, levels, name, metadata } = context;
  if (!currentSnapshot(metadata)) return h('p', { class: 'quiet' }, 'The table has no snapshot, and so no files.');
  const managed = api.managed(warehouse, levels, name);
  const { manifests } = await api.get(`${managed}/manifests`);
  const list = [h('h2', {}, 'Manifests'), grid('Manifests', [['content', one => one.content], ['file', one => one.path],
    ['size', one => bytes(one.length), 'number'], ['spec', one => one['partition-spec-id'], 'number'],
    ['sequence', one => count(one['sequence-number']), 'number'], ['added', one => count(one['added-files-count']), 'number'],
    ['existing', one => count(one['existing-files-count']), 'number'], ['deleted', one => count(one['deleted-files-count']), 'number'],
    ['rows', one => count(sum(one['added-rows-count'], one['existing-rows-count'])), 'number']], manifests)];
  const total = manifests.reduce((so, one) => so + Number(sum(one['added-files-count'], one['existing-files-count']) ?? 0), 0);
  if (total > MOST_FILES)
    return [h('p', {}, `${count(total)} files: more than a page can show. The scan plan counts any number of them, by a filter.`), list];
  return [await fileViews(context), list];
}

const sum = (a, b) => (a === null || a === undefined || b === null || b === undefined ? null : BigInt(a) + BigInt(b));

async function fileViews({ path, metadata }) {
  const fields = flatten(currentSchema(metadata)).filter(one => !/^(list|map|struct)/.test(one.type));
  const plan = await api.post(`${path}/plan`, { 'stats-fields': fields.map(one => one.name) });
  let tasks = plan['file-scan-tasks'] || [], deletes = plan['delete-files'] || [];
  for (const token of plan['plan-tasks'] || []) {
    const part = await api.post(`${path}/tasks`, { 'plan-task': token });
    tasks = tasks.concat(part['file-scan-tasks'] || []);
    deletes = deletes.concat(part['delete-files'] || []);
  }
  const specs = new Map(metadata['partition-specs'].map(one => [one['spec-id'], one]));
  const partition = file => specs.get(file['spec-id']).fields.map((field, i) =>
    `${field.name}=${file.partition[i] === null ? 'null' : show(file.partition[i], 60)}`).join(', ') || 'unpartitioned';
  const perPartition = new Map();
  for (const { 'data-file': file } of tasks) {
    const key = partition(file);
    perPartition.set(key, (perPartition.get(key) || 0) + Number(file['file-size-in-bytes']));
  }
  const largest = [...perPartition].sort(([, a], [, b]) => b - a).slice(0, 20);
  const bounds = file => fields.map(field => {
    const low = bound(file['lower-bounds'], field), high = bound(file['upper-bounds'], field);
    return low === null && high === null ? null : h('div', {}, show(`${field.name}: ${low ?? '?'} … ${high ?? '?'}`, 160));
  }).filter(Boolean);
  const columns = [['file', one => one['file-path']], ['partition', partition], ['rows', one => count(one['record-count']), 'number'],
    ['size', one => bytes(one['file-size-in-bytes']), 'number'], ['bounds', bounds]];
  return [h('div', { class: 'plots' },
    bars(perPartition.size > 20 ? `Bytes by partition: the 20 largest of ${perPartition.size}` : 'Bytes by partition', largest.map(([label, value]) => [label, value, bytes(value)])),
    bars('Data files by size', sizeRanges(tasks.map(one => Number(one['data-file']['file-size-in-bytes'])), bytes))),
  h('h2', {}, `Data files (${count(tasks.length)})`), grid('Data files', columns, tasks.map(one => one['data-file'])),
  h('h2', {}, `Delete files (${count(deletes.length)})`), grid('Delete files', [['content', one => one.content], ...columns], deletes)];
}

// --- plan ---------------------------------------------------------------------------------------

function plan({ warehouse, levels, name, metadata }) {
  const where = h('input', { id: 'where', size: 60, placeholder: "ts >= '2024-01-01' and id = 7" });
  const ref = h('select', { id: 'ref' }, ['main', ...Object.keys(metadata.refs || {}).filter(one => one !== 'main')].map(one => h('option', { value: one }, show(one, 60))));
  const result = h('div', { 'aria-live': 'polite' });
  const explain = async event => {
    event?.preventDefault();
    try {
      const body = { ref: ref.value, ...(where.value.trim() ? { where: where.value } : {}) };
      const value = await api.post(`${api.managed(warehouse, levels, name)}/explain`, body);
      const { live, planned } = value['data-files'];
      result.replaceChildren(h('p', {}, h('strong', {}, `Reads ${count(planned)} of ${count(live)} files`),
        `: ${bytes(value['data-files']['planned-bytes'])}, ${count(value['data-files']['planned-rows'])} rows.`),
      h('ul', {}, value.words.map(one => h('li', { class: 'wrap' }, show(one, 1000)))));
    } catch (error) {
      result.replaceChildren(failure(error));
    }
  };
  explain();
  return [h('form', { class: 'row', onsubmit: explain }, h('label', { for: 'where' }, 'Rows where'), where,
    h('label', { for: 'ref' }, 'of'), ref, h('button', { class: 'main' }, 'Explain')), result];
}

// --- properties, metrics, connect ---------------------------------------------------------------

function properties({ metadata, config }) {
  const columns = [['property', ([key]) => key], ['value', ([, value]) => value]];
  return [h('h2', {}, 'Properties'), grid('Properties', columns, Object.entries(metadata.properties || {}), 'no properties'),
    h('h2', {}, 'What the server adds for clients'), grid('Configuration', columns, Object.entries(config || {}), 'nothing'),
    h('h2', {}, 'Statistics files'), grid('Statistics files', [['snapshot', one => String(one['snapshot-id'])], ['file', one => one['statistics-path']],
      ['size', one => bytes(one['file-size-in-bytes']), 'number']], metadata.statistics || [])];
}

async function metrics({ warehouse, levels, name }) {
  const value = await api.get(`${api.managed(warehouse, levels, name)}/metrics?limit=50`);
  const reports = value.reports || [];
  return [h('p', { class: 'quiet' }, 'What clients reported of their scans and commits, the newest first.'),
    reports.length === 0 ? h('p', { class: 'quiet' }, 'no reports') : reports.map(one => {
      const report = one.report || one;
      return h('details', {}, h('summary', {}, show(report['report-type'] || 'report'), ', snapshot ', String(report['snapshot-id'] ?? '–')),
        h('pre', { tabindex: '0' }, JSON.stringify(report, null, 1)));
    })];
}

function connect({ warehouse, levels, name }) {
  return connectLines(warehouse, [...levels, name]);
}

const VIEWS = { overview, schema, snapshots, files, plan, properties, metrics, connect };
