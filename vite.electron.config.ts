import { builtinModules } from 'node:module'
import { defineConfig } from 'vite'

/**
 * The desktop shell, in two builds. `--mode main`: the main process and the threads' scripts as ES modules that keep
 * their places, so that what is resolved beside a module in source is beside it here. `--mode preload`: one CommonJS
 * file, the only form that a sandboxed preload may have. Packages stay in node_modules.
 */
const external = ['electron', /^node:/, ...builtinModules, /^(?![./\0]|[A-Za-z]:)/]

const main = {
  input: {
    'electron/main/main': 'electron/main/main.ts',
    'core/worker/entry': 'core/worker/entry.ts',
    'core/worker/process-entry': 'core/worker/process-entry.ts',
    'core/train/data-thread': 'core/train/data-thread.ts',
    'core/store/backup-thread': 'core/store/backup-thread.ts',
  },
  external,
  output: { format: 'es' as const, entryFileNames: '[name].js', preserveModules: true, preserveModulesRoot: '.' },
}

const preload = {
  input: { 'electron/preload/preload': 'electron/preload/preload.ts' },
  external: ['electron'],
  output: { format: 'cjs' as const, entryFileNames: '[name].cjs', codeSplitting: false },
}

export default defineConfig(({ mode }) => ({
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'node24',
    minify: false,
    ssr: true,
    rolldownOptions: mode === 'preload' ? preload : main,
  },
}))
