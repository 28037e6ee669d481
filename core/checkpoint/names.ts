/**
 * The name that transformers gives a base checkpoint's tensor in the classification model, or null for one that is no
 * part of it. models/ knows this for running a model; here it serves to rewrite files without loading the engine.
 * Bare encoders lack the "bert." in front; very old checkpoints call the layer norms' parameters gamma and beta; the
 * heads of pre-training ("cls.") are left behind.
 */
export function classifierName(modelType: string, name: string): string | null {
  if (name.endsWith('position_ids') || name.startsWith('cls.')) return null
  const modern = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
  return modern.startsWith(`${modelType}.`) || modern.startsWith('classifier.') ? modern : `${modelType}.${modern}`
}
