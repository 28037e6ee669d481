/**
 * Column names of a CSV header: trimmed, and made distinct, so that no column hides another. Each change is said in a
 * problem. Names are data: they end up as keys of a Map, never of an object.
 */
export function headerOf(cells: readonly string[]): { columns: string[]; problems: string[] } {
  const given = cells.map((cell) => cell.trim())
  const taken = new Set(given)
  const used = new Set<string>()
  const problems: string[] = []
  const columns = given.map((name, i) => {
    if (name !== '' && !used.has(name)) {
      used.add(name)
      return name
    }
    const base = name === '' ? 'column' : name
    let renamed = name === '' ? `column_${i + 1}` : `${base}_2`
    for (let n = 2; taken.has(renamed) || used.has(renamed); n++)
      renamed = `${base}_${name === '' ? `${i + 1}_` : ''}${n}`
    used.add(renamed)
    problems.push(
      name === ''
        ? `Column ${i + 1} has no name in the header; it is called "${renamed}".`
        : `The header names "${name}" more than once; column ${i + 1} is called "${renamed}".`,
    )
    return renamed
  })
  return { columns, problems }
}
