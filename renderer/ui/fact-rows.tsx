export interface Fact {
  readonly name: string
  readonly value: string
  /** Smaller, behind the value. */
  readonly note?: string | undefined
}

/** What goes into a list of facts (dl): a name and a value each. */
export function FactRows({ facts }: { facts: readonly Fact[] }) {
  return facts.map(({ name, value, note }) => (
    <div key={name}>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  ))
}
