//! How many dots a picture has, read from its first bytes, so that nobody has to draw it to know.

/** The beginning of a file is enough, in bytes. */
const READ = 64 * 1024;

/** Width and height of the picture at `url`; null when they are not found. */
export async function dimensions(url) {
  return measured(await beginning(url));
}

async function beginning(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok || !answer.body) return new DataView(new ArrayBuffer(0));
  const reader = answer.body.getReader();
  const bytes = new Uint8Array(READ);
  let length = 0;
  while (length < READ) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, READ - length);
    bytes.set(part, length);
    length += part.length;
  }
  await reader.cancel();
  return new DataView(bytes.buffer, 0, length);
}

/** The numbers of the formats that are shown; null for anything else, and for what is cut off. */
export function measured(view) {
  try {
    if (view.getUint32(0) === 0x89504e47) return [view.getUint32(16), view.getUint32(20)];
    if (view.getUint32(0) === 0x47494638) return [view.getUint16(6, true), view.getUint16(8, true)];
    if (view.getUint16(0) === 0xffd8) return jpeg(view);
    if (view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57454250) return webp(view);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The frame's header is behind other segments. */
function jpeg(view) {
  let at = 2;
  while (view.getUint8(at) === 0xff) {
    const kind = view.getUint8(at + 1);
    const isFrame = kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

function webp(view) {
  const kind = view.getUint32(12);
  const three = (at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  if (kind === 0x56503858) return [three(24) + 1, three(27) + 1];
  if (kind === 0x56503820) return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (kind !== 0x5650384c) return null;
  const bits = view.getUint32(21, true);
  return [(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1];
}
