// Bounds are the single-value serialisation of the table spec (appendix D), as hexadecimal digits.

const DAY_MS = 86400000;

const at = (ms, digits) => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString().slice(0, digits);
};

// Floors towards the past: times before 1970 have a second and a rest as others do.
function moment(value, perMs, zone) {
  let ms = value / perMs, rest = value % perMs;
  if (rest < 0n) { ms -= 1n; rest += perMs; }
  const digits = perMs === 1000n ? 3 : 6;
  return at(Number(ms), 23) + (rest ? String(rest).padStart(digits, '0') : '') + zone;
}

function decimal(bytes, scale) {
  let value = BigInt.asIntN(bytes.length * 8, bytes.reduce((so, byte) => so * 256n + BigInt(byte), 0n));
  const sign = value < 0n ? '-' : '';
  if (value < 0n) value = -value;
  const digits = String(value).padStart(scale + 1, '0');
  return sign + (scale ? digits.slice(0, -scale) + '.' + digits.slice(-scale) : digits);
}

function uuid(hex) {
  return hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const READERS = {
  boolean: view => (view.getUint8(0) ? 'true' : 'false'),
  int: view => String(view.getInt32(0, true)),
  long: view => String(view.byteLength === 4 ? view.getInt32(0, true) : view.getBigInt64(0, true)),
  float: view => String(view.getFloat32(0, true)),
  double: view => String(view.byteLength === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)),
  date: view => at(view.getInt32(0, true) * DAY_MS, 10),
  time: view => moment(view.getBigInt64(0, true), 1000n, '').slice(11),
  timestamp: view => moment(view.getBigInt64(0, true), 1000n, ''),
  timestamptz: view => moment(view.getBigInt64(0, true), 1000n, 'Z'),
  timestamp_ns: view => moment(view.getBigInt64(0, true), 1000000n, ''),
  timestamptz_ns: view => moment(view.getBigInt64(0, true), 1000000n, 'Z'),
};

export function boundText(type, hex) {
  if (typeof hex !== 'string' || !/^([0-9a-f]{2})*$/i.test(hex)) return String(hex);
  const bytes = Uint8Array.from(hex.match(/../g) || [], one => parseInt(one, 16));
  try {
    if (type === 'string') return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (type === 'uuid') return uuid(hex);
    const scale = /^decimal\(\d+, *(\d+)\)$/.exec(type);
    if (scale) return decimal([...bytes], Number(scale[1]));
    if (READERS[type]) return READERS[type](new DataView(bytes.buffer));
  } catch {
    // Fewer bytes than the type has, or no text: then the bytes as they are.
  }
  return '0x' + hex;
}
