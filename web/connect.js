// The lines to paste, for this very server and warehouse.

import { h, show } from './dom.js';

const RUNTIME = 'org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0';

const quoted = name => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : '`' + name.replaceAll('`', '``') + '`');
const python = text => JSON.stringify(text);

export function connectLines(warehouse, table) {
  const url = location.origin, name = table ? table.map(quoted).join('.') : null;
  const conf = [['spark.sql.extensions', 'org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions'],
    ['spark.sql.catalog.firn', 'org.apache.iceberg.spark.SparkCatalog'], ['spark.sql.catalog.firn.type', 'rest'],
    ['spark.sql.catalog.firn.uri', url], ['spark.sql.catalog.firn.warehouse', warehouse], ['spark.sql.defaultCatalog', 'firn']];
  const blocks = [
    ['Spark SQL', `spark-sql --packages ${RUNTIME} \\\n` + conf.map(([key, value]) => `  --conf ${key}=${value}`).join(' \\\n') +
      (name ? ` \\\n  -e 'SELECT * FROM ${name} LIMIT 10'` : '')],
    ['PyIceberg', `from pyiceberg.catalog import load_catalog\n\ncatalog = load_catalog("firn", type="rest", uri=${python(url)}, warehouse=${python(warehouse)})\n` +
      (table ? `print(catalog.load_table(${python(table.join('.'))}).scan(limit=10).to_arrow())` : 'print(catalog.list_namespaces())')],
    ['DuckDB', `INSTALL iceberg; LOAD iceberg;\nATTACH '${warehouse.replaceAll("'", "''")}' AS firn (TYPE iceberg, ENDPOINT '${url}', AUTHORIZATION_TYPE 'none');\n` +
      (table ? `SELECT * FROM firn.${table.map(one => '"' + one.replaceAll('"', '""') + '"').join('.')} LIMIT 10;` : 'SHOW ALL TABLES;')],
    ['curl', table
      ? `curl '${url}/v1/${encodeURIComponent(warehouse)}/namespaces/${table.slice(0, -1).map(encodeURIComponent).join('%1F')}/tables/${encodeURIComponent(table.at(-1))}'`
      : `curl '${url}/v1/config?warehouse=${encodeURIComponent(warehouse)}'`],
  ];
  return [h('p', { class: 'quiet' }, 'More of them, for each version of Spark, on the command line: ', h('code', {}, 'firn connect')),
    blocks.map(([title, lines]) => {
      const button = h('button', { type: 'button', onclick: () => navigator.clipboard.writeText(lines).then(() => { button.textContent = 'Copied'; }) }, 'Copy');
      return h('section', {}, h('h2', {}, title), h('pre', { tabindex: '0' }, lines), button);
    })];
}

export function showConnect({ put, warehouse }) {
  put(h('h1', {}, 'Connect'), h('p', {}, 'To the warehouse ', h('bdi', {}, show(warehouse)), ' of this server.'), connectLines(warehouse, null).flat(2));
}
