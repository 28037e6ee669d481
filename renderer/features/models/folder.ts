/** What is missing from a chosen folder, as a sentence; null when it may be a model. The host looks more closely. */
export function folderProblem(names: readonly string[]): string | null {
  const has = (test: (name: string) => boolean) => names.some(test)
  if (!has((name) => name === 'config.json')) {
    return 'The folder has no config.json. Choose the folder of a Hugging Face model itself, not the one above it.'
  }
  if (!has((name) => name.endsWith('.safetensors'))) {
    const old = has((name) => /\.(bin|pt|pth|h5)$/.test(name))
    return old
      ? 'The folder has no model.safetensors. It holds weights in another format, which may carry code and is not read; convert them to safetensors first.'
      : 'The folder has no model.safetensors.'
  }
  return null
}

/** Top-level files that a model is made of; copies of the weights in other formats are not sent. */
export function neededFiles<F extends { readonly name: string; readonly webkitRelativePath: string }>(
  files: readonly F[],
): F[] {
  return files.filter(({ name, webkitRelativePath }) => {
    const depth = webkitRelativePath === '' ? 0 : webkitRelativePath.split('/').length - 2
    return depth <= 0 && (/\.(json|txt|safetensors|md|model)$/i.test(name) || /^(LICEN[CS]E|NOTICE)/i.test(name))
  })
}
