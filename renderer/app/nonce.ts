/** The nonce of this page's content security policy; empty where the page was not served with one. */
export function styleNonce(): string {
  const content = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? ''
  return content.startsWith('__') ? '' : content
}

/** The scroll lock below dialogs makes a style element of its own; it looks for the nonce under this name. */
export function shareNonce(nonce: string): void {
  Object.assign(globalThis, { __webpack_nonce__: nonce })
}
