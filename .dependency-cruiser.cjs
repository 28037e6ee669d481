/**
 * Who may import whom. One row a place: the other places, then the packages ("node" for Node's own modules). All that
 * is not named is an error; a file may always import its own place, and everything in core may import core/util.
 * Read by scripts/import-rules.mjs.
 */
const may = {
  'core/util': { packages: ['node'] },
  'core/contract': { packages: ['zod'] },
  'core/engine/native': { places: ['core/contract'], packages: ['node', '@tensorflow/tfjs-node'] },
  'core/engine': {
    places: ['core/contract', 'core/engine/native'],
    packages: ['node', '@tensorflow/tfjs-core', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  },
  'core/nn': {
    places: ['core/contract', 'core/engine/engine.ts', 'core/models/architecture.ts'],
    packages: ['@tensorflow/tfjs-core'],
  },
  'core/models': {
    places: ['core/contract', 'core/engine/engine.ts', 'core/nn'],
    packages: ['@tensorflow/tfjs-core', 'zod'],
  },
  'core/data': {
    places: ['core/contract'],
    packages: ['node', 'csv-parse', '@huggingface/tokenizers', 'sharp', 'zod'],
  },
  'core/environments': { places: [], packages: [] },
  // A template is a stranger's program: "vm" ends one that takes too long.
  'core/data/chat': {
    places: ['core/contract', 'core/data/tokenizers'],
    packages: ['node', 'vm', '@huggingface/jinja'],
  },
  // A model folder is whole only with a tokenizer that can be read.
  'core/checkpoint': { places: ['core/contract', 'core/data/tokenizers'], packages: ['node', 'zod'] },
  'core/tasks': {
    places: ['core/contract', 'core/engine/engine.ts', 'core/models', 'core/nn', 'core/data', 'core/environments'],
    packages: ['@tensorflow/tfjs-core'],
  },
  'core/train': {
    places: [
      ...['core/contract', 'core/engine/engine.ts', 'core/engine/open.ts', 'core/models', 'core/nn', 'core/tasks'],
      ...['core/data', 'core/checkpoint', 'core/worker/protocol.ts', 'core/engine/variables.ts'],
      ...['core/engine/expected.ts', 'core/engine/footprint'],
    ],
    packages: ['node', '@tensorflow/tfjs-core'],
  },
  'core/generate': {
    places: [
      ...['core/contract', 'core/engine/engine.ts', 'core/engine/open.ts', 'core/engine/variables.ts', 'core/models'],
      ...['core/nn', 'core/data', 'core/checkpoint', 'core/worker/protocol.ts'],
    ],
    packages: ['node', '@tensorflow/tfjs-core'],
  },
  'core/worker/(entry|event-groups).ts': {
    places: [...['core/contract', 'core/train', 'core/generate', 'core/engine/native/first-use.ts', 'core/worker']],
    packages: ['node'],
  },
  'core/worker': { places: ['core/contract'], packages: ['node'] },
  // What the recorder writes is what a run's thread says.
  'core/store': { places: ['core/contract', 'core/worker/protocol.ts'], packages: ['node', 'better-sqlite3', 'zod'] },
  'core/samples': { places: ['core/contract', 'core/data', 'core/environments'], packages: ['node'] },
  'core/stats': { places: ['core/contract'], packages: [] },
  'core/app': {
    places: [
      ...['core/contract', 'core/store', 'core/stats', 'core/data', 'core/checkpoint', 'core/samples'],
      ...['core/worker/handle.ts', 'core/worker/protocol.ts'],
    ],
    packages: ['node', 'zod'],
  },
  // The engine only to say which one there is; the worker's handle only to hand it to the app.
  'core/host': {
    places: ['core/contract', 'core/app', 'core/worker/handle.ts', 'core/engine/native'],
    packages: ['node', 'hono', '@hono/node-server'],
  },
  'core/cli': {
    places: ['core/contract', 'core/app', 'core/host', 'core/worker/handle.ts', 'core/engine/native'],
    packages: ['node', 'commander', 'csv-parse', 'zod'],
  },
  'electron/preload': { places: ['electron/channels.ts', 'core/contract'], packages: ['electron'] },
  electron: { places: ['core/contract', 'core/host', 'core/app'], packages: ['node', 'electron'] },
  'renderer/charts': { places: ['renderer', 'core/contract'], packages: null },
  renderer: { places: ['core/contract'], packages: null },
  scripts: { places: [], packages: ['node', 'dependency-cruiser'] },
}

/** Packages that have one door each; `packages: null` above leaves all others to a place. */
const doors = {
  '@tensorflow/tfjs-node': 'core/engine/native/load.ts',
  'better-sqlite3': 'core/store/',
  electron: 'electron/',
  '@huggingface/jinja': 'core/data/chat/',
  vm: 'core/data/chat/',
  recharts: 'renderer/charts/',
}

const literal = (text) => text.replace(/[.\\/]/g, '\\$&')
/** A folder, or a file; alternatives in brackets stay as they are. */
const place = (name) => `^${literal(name)}${name.endsWith('.ts') ? '$' : '/'}`
/** Resolved below node_modules, or only by its name where it could not be resolved. */
const pkg = (name) => `(^|node_modules/)(@types/)?${literal(name)}(/|$)`
const node =
  '^(node:)?(assert|buffer|child_process|crypto|events|fs|http|https|module|net|os|path|perf_hooks|process|stream|string_decoder|timers|tty|url|util|v8|worker_threads|zlib)(/|$)'

function rule([name, { places = [], packages }], _index, all) {
  // A longer name is a place within: it has its own row.
  const inner = all.map(([other]) => other).filter((other) => other !== name && other.startsWith(`${name}/`))
  const shared = name.startsWith('core/') || name.startsWith('electron') ? ['core/util'] : []
  const reach = [name, ...shared, ...places].map(place)
  const named = packages === null ? ['node_modules/'] : packages.map((one) => (one === 'node' ? node : pkg(one)))
  return {
    name: `${name} may import only what its row says`,
    severity: 'error',
    from: { path: place(name), ...(inner.length > 0 && { pathNot: inner.map(place) }) },
    // What leads nowhere has a rule of its own below.
    to: { pathNot: [...reach, ...named], couldNotResolve: false },
  }
}

/** A row allows its own place as a whole, so what lies inside with a row of its own must be said again. */
const inside = Object.entries(may).flatMap(([name, { places = [] }], _index, all) =>
  all
    .map(([other]) => other)
    .filter((other) => other !== name && other.startsWith(`${name}/`) && !places.includes(other) && name !== 'renderer')
    .map((other) => ({
      name: `${name} may not import ${other}`,
      severity: 'error',
      from: { path: place(name), pathNot: [place(other)] },
      to: { path: place(other) },
    })),
)

module.exports = {
  forbidden: [
    ...Object.entries(may).map(rule),
    ...inside,
    ...Object.entries(doors).map(([name, door]) => ({
      name: `${name} is imported in ${door} only`,
      severity: 'error',
      from: { path: '^(core|electron|renderer)/', pathNot: `^${literal(door)}` },
      to: { path: pkg(name) },
    })),
    {
      name: 'a feature imports no sibling feature',
      severity: 'error',
      from: { path: '^renderer/features/([^/]+)/' },
      to: { path: '^renderer/features/', pathNot: '^renderer/features/$1/' },
    },
    {
      name: 'components with no domain words import no feature',
      severity: 'error',
      from: { path: '^renderer/(ui|charts|client)/' },
      to: { path: '^renderer/(features|app)/' },
    },
    {
      // Types may refer to each other; code that runs may not.
      name: 'no cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'every import leads somewhere', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'what runs imports no development package',
      severity: 'error',
      from: { path: '^(core|renderer)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    // It cannot read TypeScript 7's own parser, and would look at nothing without a word.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json', '.css'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
}
