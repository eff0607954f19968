// What was dropped in the chosen warehouse and is kept: brought back, or let go.

import { h, show, grid, time } from './dom.js';
import { api } from './api.js';
import { ask } from './dialogs.js';

// So many are worth looking through; there is a command for the rest.
const MOST = 1000;

export async function showDropped(context) {
  const { put, warehouse } = context;
  const path = `/management/v1/warehouses/${encodeURIComponent(warehouse)}`;
  const rows = [];
  let token = '';
  do {
    const page = await api.get(`${path}/dropped?${new URLSearchParams({ pageToken: token, pageSize: MOST })}`);
    rows.push(...page.dropped);
    token = page['next-page-token'];
  } while (token && rows.length < MOST);
  put(h('h1', {}, 'Dropped'),
    h('p', { class: 'quiet' }, 'Tables and views of the warehouse ', h('bdi', {}, show(warehouse)), ' that can be brought back, the last drop first',
      token ? `; the newest ${rows.length}, ` : '; ', h('code', {}, 'firn undrop --list'), ' has all.'),
    grid('Dropped', [['what', one => title(one)], ['', one => one.type], ['dropped', one => time(one['dropped-ms'])],
      ['kept until', one => time(one['kept-until-ms'])], ['then', one => (one['purge-requested'] ? 'its files are deleted' : 'its files stay')],
      ['', one => buttons(context, path, one)]], rows,
    'Nothing. A warehouse with the property soft-delete-retention keeps what is dropped.'));
}

const title = one => [...one.namespace, one.name].join('.');

const buttons = (context, path, one) => h('div', { class: 'row' },
  h('button', { onclick: () => undrop(context, path, one) }, 'Bring back…'),
  h('button', { class: 'danger', onclick: () => forget(context, path, one) }, 'Let go…'));

async function undrop({ tree, reload }, path, one) {
  const same = one.namespace.join('.');
  const done = await ask({ title: `Bring this ${one.type} back`, verb: 'Bring back',
    text: `${title(one)} is there again as it was, with its history.`,
    fields: [{ name: 'namespace', label: 'Namespace (levels separated by dots)', value: same }, { name: 'name', label: 'Name', value: one.name }],
    act: values => api.post(`${path}/undrop`, { uuid: one.uuid,
      destination: { namespace: values.namespace === same ? one.namespace : values.namespace.split('.'), name: values.name } }) });
  if (!done) return;
  await tree.open(tree.warehouse);
  await reload();
}

async function forget({ reload }, path, one) {
  const done = await ask({ title: `Let this ${one.type} go?`, verb: 'Let go', isDangerous: true,
    text: `${title(one)} cannot be brought back any more. ${one['purge-requested'] ? 'Its files are deleted.' : 'Its files stay where they are.'}`,
    act: () => api.post(`${path}/forget-dropped`, { uuid: one.uuid }) });
  if (done) await reload();
}
