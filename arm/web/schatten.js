// Streaming speech recognition in a browser, or in Node: the engine of arm/engine, compiled to WebAssembly.
//
//   const recognizer = await Recognizer.fetch('voice/');      // a folder of `schatten bundle` or `schatten pack`
//   const stream = recognizer.stream({silence: 0.8});
//   for (const utterance of stream.accept(samples)) show(utterance.text);   // Float32Array or Int16Array, 16 kHz
//   showPartial(stream.text);
//   show(stream.finish().text);
//
// Texts, times and scores are those of schatten-recognize, bit for bit. docs/how_to/browser.md shows a page.
import createEngine from './schatten-engine.js';

export const SAMPLE_RATE = 16000;

/** What went wrong, in one sentence that says what to do. */
export class EngineError extends Error {}

/** Settings of the search, as schatten.h defines them, with its defaults. */
const SEARCH = {lm_weight: 1, word_bonus: 0, beam_threshold: 25, beam: 200, token_beam: 15, temperature: 1};
const BUNDLE_VERSIONS = [1, 2]; // 2 has thresholds of the gate
const FILES = {model: 'model.gguf', lm: 'lm.bin', lexicon: 'lexicon.txt', manifest: 'manifest.json'};
const CHUNK = SAMPLE_RATE; // samples that are copied into the module at once
const WORD_BYTES = 32; // of a schatten_word; binding.cpp checks it
const decoder = new TextDecoder();
const encoder = new TextEncoder();

let compiled = null; // a promise: pages open several recognizers, and compiling takes longer than opening

async function fetchBytes(url) {
  if (url.protocol === 'file:') return (await import('node:fs/promises')).readFile(url); // in Node
  const response = await fetch(url);
  if (!response.ok) throw new EngineError(`${url} cannot be loaded (${response.status}): is it beside the page?`);
  return response.arrayBuffer();
}

/** A fresh instance: memory of WebAssembly never shrinks, so that of a recognizer goes with the instance. */
async function instantiate(wasm) {
  if (wasm) compiled = WebAssembly.compile(wasm);
  compiled ??= fetchBytes(new URL('schatten-engine.wasm', import.meta.url)).then((bytes) => WebAssembly.compile(bytes));
  const module = await compiled;
  return new Promise((resolve, reject) => {
    createEngine({
      locateFile: (name) => name, // it would join the name to its own address, which a page may have as `data:`
      instantiateWasm(imports, receive) {
        WebAssembly.instantiate(module, imports).then(receive, reject);
        return {};
      },
    }).then(resolve, reject);
  });
}

/** The module's functions with texts and arrays in the place of pointers. */
class Engine {
  constructor(module) {
    this.module = module;
    this.listeners = new Map(); // of log-probabilities, by the number that their stream was opened with
    this.opened = 0;
    module.onLogprobs = (number, values) => this.listeners.get(number)(values);
  }

  text(at) {
    const heap = this.module.HEAPU8;
    return at ? decoder.decode(heap.subarray(at, heap.indexOf(0, at))) : null;
  }

  error() {
    return new EngineError(this.text(this.module._web_error()));
  }

  /** Calls `use(pointer)` with a copy of the bytes in the module's memory. */
  copied(bytes, use) {
    const at = this.module._malloc(bytes.length || 1);
    if (!at) throw new EngineError('there is not enough memory');
    try {
      this.module.HEAPU8.set(bytes, at);
      return use(at);
    } finally {
      this.module._free(at);
    }
  }

  withTexts(texts, use) {
    const of = (left, pointers) => left.length ? this.copied(encoder.encode(`${left[0]}\0`), (at) =>
      of(left.slice(1), [...pointers, at])) : use(...pointers);
    return of(texts, []);
  }

  /** Returns what `use(pointer)` returned and the numbers that it left: `kind` is HEAP32 or HEAPF64. */
  numbers(kind, count, use) {
    return this.copied(new Uint8Array(8 * count), (at) => {
      const given = use(at);
      const heap = this.module[kind];
      return [given, Array.from(heap.subarray(at / heap.BYTES_PER_ELEMENT, at / heap.BYTES_PER_ELEMENT + count))];
    });
  }

  /** Runs `use` while the files are there. KenLM copies a mapped file, so nothing stays in the file system. */
  withFiles(files, use) {
    for (const [name, bytes] of Object.entries(files)) this.module.FS.writeFile(name, bytes, {canOwn: true});
    try {
      return use();
    } finally {
      for (const name of Object.keys(files)) this.module.FS.unlink(name);
    }
  }
}

function bytesOf(data, name) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new TypeError(`${name} is no ArrayBuffer: give the bytes of the file`);
}

/** The settings that were tuned for a bundle. */
function searchOf(manifest) {
  let said;
  try {
    said = JSON.parse(decoder.decode(manifest));
  } catch {
    said = {};
  }
  if (said.schatten_bundle === undefined || typeof said.search !== 'object') {
    throw new EngineError('manifest.json is damaged: give one that `schatten bundle` or `schatten pack` wrote');
  }
  if (!BUNDLE_VERSIONS.includes(said.schatten_bundle) || Object.keys(said.search).some((name) => !(name in SEARCH))) {
    throw new EngineError('manifest.json is of a later version: take a newer schatten.js');
  }
  return said.search;
}

/** A model, with or without a language model. Any number of streams may use one. */
export class Recognizer {
  /**
   * Opens a model from the bytes of its files: `model`, and, for words, `lm` and `lexicon` (with `lookAhead` if there is
   * one). With `manifest` they must have the SHA-256 that it says, and its settings of the search hold.
   * KenLM trusts its binaries: open only those that you made, or a bundle.
   * options.wasm: the bytes of schatten-engine.wasm, where they do not lie beside this file. All other options are
   * settings of the search: lm_weight, word_bonus, beam_threshold, beam, token_beam, temperature.
   */
  static async open({model, lm, lexicon, lookAhead, manifest}, {wasm, ...search} = {}) {
    if (!lm !== !lexicon || (lookAhead && !lm)) throw new TypeError('lm and lexicon go together, and lookAhead needs both');
    for (const name of Object.keys(search)) {
      if (!(name in SEARCH)) throw new TypeError(`${name}: no such setting; there are ${Object.keys(SEARCH).join(', ')}`);
    }
    const files = {};
    for (const [name, data] of Object.entries({model, lm, lexicon, lookAhead, manifest})) {
      if (data) files[name] = bytesOf(data, name);
    }
    if (!files.model) throw new TypeError('a model is missing: give the bytes of a .gguf file');
    const tuned = files.manifest ? searchOf(files.manifest) : {};
    return new Recognizer(new Engine(await instantiate(wasm)), files, {...SEARCH, ...tuned, ...search});
  }

  /** Loads a bundle from the folder at `url`, which ends with a slash; see `open`. */
  static async fetch(url, options) {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href;
    const entries = Object.entries(FILES).map(async ([name, file]) => [name, await fetchBytes(new URL(file, new URL(url, base)))]);
    return Recognizer.open(Object.fromEntries(await Promise.all(entries)), options);
  }

  constructor(engine, files, search) {
    const {module} = engine;
    this.engine = engine;
    this.search = search;
    const named = {};
    for (const [name, bytes] of Object.entries(files)) named[FILES[name] ?? name] = bytes;
    engine.withFiles(named, () => {
      const [done, [decibels, evidence]] = engine.withTexts([files.manifest ? FILES.manifest : ''], (manifest) =>
        engine.numbers('HEAPF64', 2, (at) => module._web_gate(manifest, at)));
      if (!done) throw engine.error();
      /** The thresholds that were chosen for the bundle; the usual ones where none were. */
      this.gate = {decibels, evidence};
      engine.withTexts([FILES.manifest, FILES.model], (manifest, path) => {
        if (files.manifest && !module._web_check(manifest, path)) throw engine.error();
      });
      this.model = engine.copied(files.model, (at) => module._web_model_open(at, files.model.length));
      if (!this.model) throw engine.error();
      this.lm = 0;
      if (!files.lm) return;
      const names = [FILES.lm, FILES.lexicon, files.lookAhead ? 'lookAhead' : '', files.manifest ? FILES.manifest : ''];
      this.lm = engine.withTexts(names, (...paths) => module._web_lm_open(this.model, ...paths));
      if (!this.lm) throw engine.error();
    });
  }

  /** What the model is. */
  get info() {
    const [, values] = this.engine.numbers('HEAPF64', 7, (at) => this.engine.module._web_model_info(this.model, at));
    const [count, bins, isInt8, parameters, packedBytes, secondsPerFrame, latencySeconds] = values;
    const units = Array.from({length: count}, (_, i) => this.engine.text(this.engine.module._schatten_model_unit(this.model, i)));
    return {units, bins, isInt8: isInt8 === 1, parameters, packedBytes, secondsPerFrame, latencySeconds};
  }

  /** How many words the lexicon has, and how many of them the language model knows; null without one. */
  get vocabulary() {
    if (!this.lm) return null;
    const [, [words, known]] = this.engine.numbers('HEAP32', 2, (at) => this.engine.module._web_lm_vocabulary(this.lm, at));
    return {words, known};
  }

  /**
   * Opens a stream. `silence`, `maximum`: an utterance ends so many seconds after its last word, or when so long; 0:
   * never. `batch`: output frames computed at once, 1 to 4. `alternatives`: texts kept of an utterance; from 1 on words
   * have a confidence. `words`: see `setWords`. `gate`: true for the bundle's thresholds, or {decibels, evidence}: silence
   * and noise write nothing, and cost less. `onLogprobs(values)`: is given each output frame's natural logs.
   */
  stream({silence = 0, maximum = 0, batch = 4, alternatives = 0, words = null, gate = false, onLogprobs = null} = {}) {
    const s = this.search;
    const {decibels, evidence} = gate === true ? this.gate : gate || {decibels: 0, evidence: 0};
    const number = onLogprobs ? ++this.engine.opened : 0;
    if (onLogprobs) this.engine.listeners.set(number, onLogprobs);
    const handle = this.engine.module._web_stream_open(this.model, this.lm, batch, silence, maximum, s.lm_weight, s.word_bonus,
      s.beam_threshold, s.beam, s.token_beam, alternatives, s.temperature, decibels, evidence, number);
    if (!handle) throw this.engine.error();
    const stream = new Stream(this.engine, handle, number);
    if (words !== null) stream.setWords(words);
    return stream;
  }

  /** Returns what is said in sound that is there as a whole. */
  recognize(samples, options) {
    const stream = this.stream(options);
    try {
      stream.accept(samples);
      return stream.finish();
    } finally {
      stream.close();
    }
  }
}

/** One stream of 16 kHz sound. Sound in chunks of any lengths gives the same words as the whole at once. */
export class Stream {
  constructor(engine, handle, listener) {
    this.engine = engine;
    this.handle = handle;
    this.listener = listener;
    this.buffer = engine.module._malloc(4 * CHUNK);
  }

  /** Gives the stream words and phrases of its own, from the next utterance on: lines as `--words` reads them; null: none. */
  setWords(lines) {
    const bytes = encoder.encode(lines ?? '');
    const {module} = this.engine;
    const done = this.engine.copied(bytes, (at) => module._web_stream_words(this.handle, lines === null ? 0 : at, bytes.length));
    if (!done) throw this.engine.error();
  }

  /**
   * Takes the next samples, a Float32Array in -1..1 or an Int16Array; returns the utterances that ended within them, as a
   * rule none. The next utterance begins at once. After an EngineError the utterance so far is lost and a new one begins.
   */
  accept(samples) {
    const {module} = this.engine;
    const isFloat = samples instanceof Float32Array;
    if (!isFloat && !(samples instanceof Int16Array)) {
      throw new TypeError('samples must be a Float32Array in -1..1 or an Int16Array, of 16 kHz and one channel');
    }
    const give = isFloat ? module._schatten_accept_float : module._schatten_accept;
    const ended = [];
    for (let from = 0; from < samples.length;) {
      const part = samples.subarray(from, from + CHUNK);
      (isFloat ? module.HEAPF32 : module.HEAP16).set(part, this.buffer / samples.BYTES_PER_ELEMENT);
      from += give(this.handle, this.buffer, part.length);
      this.raiseProblem();
      if (module._schatten_ended(this.handle)) {
        ended.push(this.utterance);
        module._schatten_restart(this.handle);
      }
    }
    return ended;
  }

  /** Ends the utterance here and returns it. The stream goes on, and times go on counting. */
  finish() {
    this.engine.module._schatten_finish(this.handle);
    this.raiseProblem();
    const {utterance} = this;
    this.engine.module._schatten_restart(this.handle);
    return utterance;
  }

  /** The text so far; later sound may still change its last words. */
  get text() {
    return this.engine.text(this.engine.module._schatten_text(this.handle));
  }

  /** The utterance so far: text, words ({text, start, end, confidence}), score, alternatives ({text, score, posterior}). */
  get utterance() {
    const {module} = this.engine;
    const count = module._schatten_alternative_count(this.handle);
    const alternatives = Array.from({length: count}, (_, n) => {
      const [text, [score, posterior]] = this.engine.numbers('HEAPF64', 2, (at) => module._web_alternative(this.handle, n, at));
      return {text: this.engine.text(text), score, posterior};
    });
    return {text: this.text, words: this.words, score: module._schatten_score(this.handle), alternatives};
  }

  /** The words so far. Times are in seconds from the start of the stream; confidence is null where it is not known. */
  get words() {
    const {module} = this.engine;
    const text = module._schatten_text(this.handle);
    const first = module._schatten_words(this.handle);
    return Array.from({length: module._schatten_word_count(this.handle)}, (_, n) => {
      const at = first + n * WORD_BYTES;
      const [offset, length] = module.HEAP32.subarray(at / 4, at / 4 + 2);
      const [start, end, confidence] = module.HEAPF64.subarray(at / 8 + 1, at / 8 + 4);
      const bytes = module.HEAPU8.subarray(text + offset, text + offset + length);
      return {text: decoder.decode(bytes), start, end, confidence: confidence < 0 ? null : confidence};
    });
  }

  /** Seconds of sound, of computing by part, and of sound for which the gate let the model sleep, since the stream was opened. */
  get statistics() {
    const [, values] = this.engine.numbers('HEAPF64', 5, (at) => this.engine.module._web_statistics(this.handle, at));
    const [audioSeconds, featureSeconds, acousticSeconds, decoderSeconds, asleepSeconds] = values;
    return {audioSeconds, featureSeconds, acousticSeconds, decoderSeconds, asleepSeconds};
  }

  /** Frees the stream. */
  close() {
    this.engine.module._schatten_stream_close(this.handle);
    this.engine.module._free(this.buffer);
    this.engine.listeners.delete(this.listener);
    this.handle = this.buffer = 0;
  }

  raiseProblem() {
    const problem = this.engine.text(this.engine.module._schatten_problem(this.handle));
    if (!problem) return;
    this.engine.module._schatten_restart(this.handle);
    throw new EngineError(problem);
  }
}
