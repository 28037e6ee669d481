import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/**
 * The page. Everything is a file of its own and nothing is inline, so that the strictest content security policy
 * holds (host/ sends it); one chunk a route comes from the dynamic imports in renderer/app.
 */
export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
})
