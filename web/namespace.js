// A namespace: its properties. A view: its SQL, versions and schema.

import { h, show, grid, facts, time } from './dom.js';
import { api } from './api.js';
import { ask } from './dialogs.js';
import { fieldsGrid } from './schema.js';

const properties = (label, values) => grid(label, [['property', ([name]) => name], ['value', ([, value]) => value]],
  Object.entries(values || {}), 'no properties');

export async function showNamespace({ warehouse, levels, put }) {
  const value = await api.get(api.namespace(warehouse, levels));
  put(h('h1', { class: 'wrap' }, show(levels.join('.'))), h('p', { class: 'quiet' }, 'Namespace in the warehouse ', h('bdi', {}, show(warehouse))),
    h('h2', {}, 'Properties'), properties('Properties', value.properties));
}

export async function showView(context) {
  const { warehouse, levels, name, put } = context;
  const path = api.view(warehouse, levels, name);
  const { metadata, 'metadata-location': where } = await api.get(path);
  const current = metadata.versions.find(one => one['version-id'] === metadata['current-version-id']);
  const schema = metadata.schemas.find(one => one['schema-id'] === current['schema-id']);
  put(h('h1', { class: 'wrap' }, show([...levels, name].join('.'))),
    h('p', { class: 'quiet' }, 'View'),
    facts([['uuid', metadata['view-uuid']], ['location', metadata.location], ['metadata', where]]),
    h('h2', {}, 'Query'),
    current.representations.map(one => [h('p', { class: 'quiet' }, show(one.dialect || one.type)), h('pre', { tabindex: '0' }, show(one.sql ?? '', 100000).replaceAll('\\u000a', '\n'))]),
    h('h2', {}, 'Schema'), fieldsGrid(schema),
    h('h2', {}, 'Versions'),
    grid('Versions', [['version', one => one['version-id'], 'number'], ['time', one => time(one['timestamp-ms'])],
      ['schema', one => one['schema-id'], 'number'], ['summary', one => JSON.stringify(one.summary || {})]], metadata.versions.toReversed()),
    h('h2', {}, 'Properties'), properties('Properties', metadata.properties),
    h('div', { class: 'row' }, h('button', { class: 'danger', onclick: () => ask({
      title: 'Drop this view?', text: `${levels.join('.')}.${name} is removed from the catalog.`, verb: 'Drop', isDangerous: true,
      act: () => api.remove(path),
    }).then(async done => { if (done) { await context.tree.open(warehouse); location.hash = '#/'; } }) }, 'Drop…')));
}
