/** Something a person must do or know: shown as its sentence alone, without a stack. */
export class Problem extends Error {
  /** `passing` marks what another try in an hour may cure: a host that cannot be reached. */
  constructor(message, { passing = false } = {}) {
    super(message)
    this.passing = passing
  }
}
