// The straightforward program: whole files, split on what is not a letter, one object of arrays, a sorted block written
// every 100,000 postings, the blocks merged in the end.
//   node index.mjs index FILE_LIST INDEX_DIR        node index.mjs stats INDEX_DIR
// A line of the index: TERM<TAB>[[document,position,...],...]

import fs from 'node:fs';

const POSTINGS_PER_BLOCK = 100_000;

function* lines(path) {
  const file = fs.openSync(path);
  const buffer = Buffer.alloc(1 << 16);
  let rest = [];
  for (let size; (size = fs.readSync(file, buffer)) > 0; ) {
    let start = 0;
    for (let end; (end = buffer.subarray(0, size).indexOf(10, start)) >= 0; start = end + 1) {
      rest.push(Buffer.from(buffer.subarray(start, end)));
      yield Buffer.concat(rest).toString();
      rest = [];
    }
    rest.push(Buffer.from(buffer.subarray(start, size)));
  }
  fs.closeSync(file);
}

function writeLines(path, allLines, durable) {
  const file = fs.openSync(path, 'w');
  let text = '';
  for (const line of allLines) {
    text += line + '\n';
    if (text.length > 1 << 20) {
      fs.writeSync(file, text);
      text = '';
    }
  }
  fs.writeSync(file, text);
  if (durable) fs.fsyncSync(file);
  fs.closeSync(file);
}

// Terms in the order of their UTF-16 code units, as `<` and sort() have it.
function* sortedBlock(index) {
  for (const term of Object.keys(index).sort()) yield term + '\t' + JSON.stringify(index[term]);
}

function* mergedBlocks(paths) {
  const heap = []; // of {term, postings, block, lines}, least term and block first
  const less = (a, b) => a.term < b.term || (a.term === b.term && a.block < b.block);
  const siftDown = (i) => {
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && less(heap[child], heap[least])) least = child;
      }
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  };
  const advance = (cursor) => {
    const { value, done } = cursor.lines.next();
    if (done) return false;
    const tab = value.indexOf('\t');
    cursor.term = value.slice(0, tab);
    cursor.postings = value.slice(tab + 1);
    return true;
  };
  paths.forEach((path, block) => {
    const cursor = { block, lines: lines(path) };
    if (advance(cursor)) heap.push(cursor);
  });
  for (let i = heap.length >> 1; i >= 0; --i) siftDown(i);

  while (heap.length > 0) {
    const term = heap[0].term;
    const parts = [];
    while (heap.length > 0 && heap[0].term === term) {
      parts.push(heap[0].postings.slice(1, -1));
      if (!advance(heap[0])) {
        const last = heap.pop();
        if (heap.length > 0) heap[0] = last;
      }
      siftDown(0);
    }
    yield term + '\t[' + parts.join(',') + ']';
  }
}

function index(list, out) {
  const paths = fs.readFileSync(list, 'utf8').split('\0').filter((path) => path !== '');
  fs.mkdirSync(out, { recursive: true });
  const blocks = [];
  let terms = Object.create(null);
  let numPostings = 0;
  const writeBlock = () => {
    const path = `${out}/block${blocks.length}`;
    writeLines(path, sortedBlock(terms), false);
    blocks.push(path);
    terms = Object.create(null);
    numPostings = 0;
  };
  paths.forEach((path, document) => {
    const text = fs.readFileSync(path, 'utf8').toLowerCase();
    let position = 0;
    for (const word of text.split(/\P{L}+/u)) {
      if (word === '') continue;
      const postings = (terms[word] ??= []);
      if (postings.length > 0 && postings[postings.length - 1][0] === document) {
        postings[postings.length - 1].push(position);
      } else {
        postings.push([document, position]);
        ++numPostings;
      }
      ++position;
    }
    if (numPostings >= POSTINGS_PER_BLOCK) writeBlock();
  });
  writeBlock();
  writeLines(`${out}/documents`, paths, true);
  writeLines(`${out}/index`, mergedBlocks(blocks), true);
  for (const block of blocks) fs.rmSync(block);
}

function stats(out) {
  let terms = 0;
  let tokens = 0;
  for (const line of lines(`${out}/index`)) {
    ++terms;
    // The numbers less one for each document.
    tokens += line.split(',').length - line.split('],').length;
  }
  const documents = [...lines(`${out}/documents`)].length;
  console.log(JSON.stringify({ documents, terms, tokens, version: `Node ${process.versions.node}` }));
}

const [command, ...operands] = process.argv.slice(2);
if (command === 'index' && operands.length === 2) {
  index(...operands);
} else if (command === 'stats' && operands.length === 1) {
  stats(...operands);
} else {
  console.error('usage: index.mjs index FILE_LIST INDEX_DIR, or stats INDEX_DIR');
  process.exit(2);
}
