// Writes the data section of an engine anew, for the same memory: node data.mjs FROM TO.
//
// Go's linker leaves out every run of more than a few zeros, which made 65,000 segments of 2 MB. 59,000 of them are one
// table, by which the runtime finds the function of an address (runtime.findfuncbucket, 20 bytes for 4 KiB of addresses).
// It is for machine code: a WebAssembly function has 64 KiB of addresses, so that 16 entries in a row say the same number,
// and the next 16 one more. A start function writes that table now, and what else lies close together is one segment. That
// took off 0.5 MB, 0.09 MB of them with brotli. The memory of both is compared before anything is written.
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(2);
const TABLE = { stride: 20, shift: 4, least: 1000 }; // entry i is i >> shift in 4 bytes, then zeros; fewer are not worth a function
const GAP = 64; // as many zeros are shorter than a new segment once compressed

const SECTION = { type: 1, import: 2, function: 3, start: 8, element: 9, code: 10, data: 11, count: 12 };

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  get done() {
    return this.at === this.bytes.length;
  }
  byte() {
    return this.bytes[this.at++];
  }
  expect(byte, what) {
    if (this.byte() !== byte) throw new Error(`${from}: ${what}`);
  }
  unsigned() {
    return this.#leb().value;
  }
  signed() {
    const { value, bits, last } = this.#leb();
    return last & 0x40 ? value - 2 ** bits : value;
  }
  #leb() {
    for (let value = 0, bits = 0; ; ) {
      const last = this.byte();
      value += (last & 0x7f) * 2 ** bits;
      bits += 7;
      if (last < 0x80) return { value, bits, last };
    }
  }
  slice(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }
  /** What is left, each by itself: how many there are comes first. */
  vector(read) {
    return Array.from({ length: this.unsigned() }, () => read(this));
  }
}

function unsigned(value) {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

function signed(value) {
  const bytes = [];
  for (; value < -0x40 || value > 0x3f; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value & 0x7f];
}

const sized = (bytes) => Buffer.concat([Buffer.from(unsigned(bytes.length)), bytes]);

/** A module's sections, in their order. */
function sections(module) {
  const reader = new Reader(module);
  reader.slice(8);
  const found = [];
  while (!reader.done) found.push({ id: reader.byte(), content: reader.slice(reader.unsigned()) });
  return found;
}

/** The memory that the segments make, up to their last byte. */
function imageOf(data) {
  const segments = new Reader(data).vector((reader) => {
    reader.expect(0, "a data segment is not of the kind that Go writes");
    reader.expect(0x41, "a data segment's address is not a constant");
    const address = reader.signed();
    reader.expect(0x0b, "a data segment's address is not a constant");
    return { address, bytes: reader.slice(reader.unsigned()) };
  });
  const image = Buffer.alloc(segments.reduce((most, { address, bytes }) => Math.max(most, address + bytes.length), 0));
  for (const { address, bytes } of segments) image.set(bytes, address);
  return image;
}

/** The first part of the image that is as TABLE says. */
function findTable(image) {
  const { stride, shift, least } = TABLE;
  const isEntry = (at, i) =>
    at + stride <= image.length && image.readUInt32LE(at) === i >> shift && image.subarray(at + 4, at + stride).every((byte) => byte === 0);
  for (let at = 0; at + least * stride <= image.length; at += 4) {
    if (image.readUInt32LE(at + (stride << shift)) !== 1 || image.readUInt32LE(at + (stride << (shift + 1))) !== 2) continue;
    let entries = 0;
    while (isEntry(at + entries * stride, entries)) entries++;
    if (entries >= least) return { at, entries };
  }
  throw new Error(`${from}: the linker's table of addresses has not the form that was expected; has Go changed it?`);
}

/** The image's bytes but for zeros, as a data section. */
function dataOf(image) {
  const segments = [];
  for (let at = 0; at < image.length; ) {
    const first = image.subarray(at).findIndex((byte) => byte !== 0);
    if (first < 0) break;
    at += first;
    let end = image.indexOf(Buffer.alloc(GAP), at);
    if (end < 0) end = image.length;
    segments.push(Buffer.from([0, 0x41, ...signed(at), 0x0b]), sized(image.subarray(at, end)));
    at = end;
  }
  const count = unsigned(segments.length / 2);
  return { count, section: Buffer.concat([Buffer.from(count), ...segments]) };
}

/** The code that writes a table: do { table[i] = i >> shift } while (++i < entries). */
function writerOf(address, entries) {
  const { stride, shift } = TABLE;
  const [i32, constant, get, tee, end] = [0x7f, 0x41, 0x20, 0x22, 0x0b];
  return Buffer.from([
    ...[1, 1, i32], // one local, i
    ...[0x03, 0x40], // loop
    ...[get, 0, constant, ...signed(stride), 0x6c], // i * stride
    ...[get, 0, constant, ...signed(shift), 0x76], // i >> shift
    ...[0x36, 2, ...unsigned(address)], // store
    ...[get, 0, constant, 1, 0x6a, tee, 0], // ++i
    ...[constant, ...signed(entries), 0x49, 0x0d, 0], // < entries: again
    ...[end, end],
  ]);
}

/** A section with one element more at its end. */
function append(content, bytes) {
  const reader = new Reader(content);
  const count = reader.unsigned();
  return { index: count, content: Buffer.concat([Buffer.from(unsigned(count + 1)), content.subarray(reader.at), bytes]) };
}

function importedFunctions(content) {
  const kinds = new Reader(content).vector((reader) => {
    reader.slice(reader.unsigned());
    reader.slice(reader.unsigned());
    const kind = reader.byte();
    if (kind !== 0) throw new Error(`${from}: it imports more than functions`);
    reader.unsigned();
    return kind;
  });
  return kinds.length;
}

function packed(module) {
  const found = sections(module);
  const content = (id) => found.find((section) => section.id === id)?.content;
  if (content(SECTION.start)) throw new Error(`${from}: it has a start function already`);

  const image = imageOf(content(SECTION.data));
  const table = findTable(image);
  image.fill(0, table.at, table.at + table.entries * TABLE.stride);
  const data = dataOf(image);

  const type = append(content(SECTION.type), Buffer.from([0x60, 0, 0]));
  const declared = append(content(SECTION.function), Buffer.from(unsigned(type.index)));
  const code = append(content(SECTION.code), sized(writerOf(table.at, table.entries)));
  const start = Buffer.from(unsigned(importedFunctions(content(SECTION.import)) + declared.index));

  const changed = { [SECTION.type]: type.content, [SECTION.function]: declared.content, [SECTION.code]: code.content };
  Object.assign(changed, { [SECTION.count]: Buffer.from(data.count), [SECTION.data]: data.section });
  found.splice(found.findIndex(({ id }) => [SECTION.element, SECTION.count, SECTION.code].includes(id)), 0, { id: SECTION.start, content: start });
  return Buffer.concat([module.subarray(0, 8), ...found.flatMap(({ id, content }) => [Buffer.from([id]), sized(changed[id] ?? content)])]);
}

/** The memory of a module that has been started, but not run. */
function memoryOf(bytes) {
  const module = new WebAssembly.Module(bytes);
  const imports = {};
  for (const { module: space, name } of WebAssembly.Module.imports(module)) (imports[space] ??= {})[name] = () => {};
  return Buffer.from(new WebAssembly.Instance(module, imports).exports.mem.buffer);
}

const module = readFileSync(from);
const result = packed(module);
if (!memoryOf(module).equals(memoryOf(result))) throw new Error(`${from}: its memory would not be the same`);
writeFileSync(to, result);
