/** Words of five letters each: sources of texts that are spelt out. */
export const fiveLetterWords = [
  'stone',
  'river',
  'cloud',
  'light',
  'field',
  'grass',
  'water',
  'earth',
  'frost',
  'shade',
  'storm',
  'ridge',
]
