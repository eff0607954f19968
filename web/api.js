// What the page asks the server. Numbers that a JavaScript number cannot hold (snapshot ids) stay
// texts: they are only shown and sent back.

export class ApiError extends Error {
  constructor(status, type, message) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

const LARGE = /([[:,]\s*)(-?\d{16,})(?=\s*[,}\]])/g;

// Outside of strings only: a string is copied as it is.
function keepLargeNumbers(text) {
  return text.replace(/"(?:[^"\\]|\\.)*"|[^"]+/g, part =>
    part.startsWith('"') ? part : part.replace(LARGE, '$1"$2"'));
}

// A number that was made a text goes back as a number.
export class Large {
  constructor(text) { this.text = String(text); }
}

function encode(value) {
  const marks = [];
  const text = JSON.stringify(value, (key, one) => {
    if (!(one instanceof Large)) return one;
    if (!/^-?\d+$/.test(one.text)) throw new Error('not a whole number: ' + one.text);
    marks.push(one.text);
    return '\u0000' + (marks.length - 1);
  });
  return text.replace(/"\\u0000(\d+)"/g, (whole, index) => marks[index]);
}

async function send(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : encode(body),
      cache: 'no-store',
    });
  } catch {
    throw new ApiError(0, 'No answer', 'The server does not answer. Is it running?');
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(keepLargeNumbers(text)) : null;
  } catch {
    throw new ApiError(answer.status, 'Bad answer', text.slice(0, 400));
  }
  if (!answer.ok) {
    const error = value?.error || {};
    throw new ApiError(answer.status, error.type || `HTTP ${answer.status}`, error.message || text.slice(0, 400));
  }
  return value;
}

export const levelsPath = levels => encodeURIComponent(levels.join('\u001f'));
const enc = encodeURIComponent;

export const api = {
  get: path => send('GET', path),
  post: (path, body) => send('POST', path, body),
  remove: path => send('DELETE', path),
  warehouses: () => send('GET', '/management/v1/warehouses').then(value => value.warehouses),
  namespace: (w, levels) => `/v1/${enc(w)}/namespaces/${levelsPath(levels)}`,
  table: (w, levels, name) => `/v1/${enc(w)}/namespaces/${levelsPath(levels)}/tables/${enc(name)}`,
  view: (w, levels, name) => `/v1/${enc(w)}/namespaces/${levelsPath(levels)}/views/${enc(name)}`,
  managed: (w, levels, name) =>
    `/management/v1/warehouses/${enc(w)}/namespaces/${levelsPath(levels)}/tables/${enc(name)}`,

  async pages(path, query, each) {
    let token = '';
    do {
      const parameters = new URLSearchParams({ ...query, pageToken: token });
      const page = await send('GET', `${path}?${parameters}`);
      each(page);
      token = page['next-page-token'];
    } while (token);
  },
};
