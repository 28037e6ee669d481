/** What index.html carries where the response's own nonce goes. */
export const noncePlaceholder = '__CSP_NONCE__'

/**
 * The policy for our pages, over HTTP and over the desktop shell's own scheme. Everything comes from where the page
 * came from. Style attributes set through the DOM need no permission; the one <style> element that the component
 * library injects carries the nonce.
 */
export function contentSecurityPolicy(nonce?: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${nonce === undefined ? '' : ` 'nonce-${nonce}'`}`,
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ')
}
