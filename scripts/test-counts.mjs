/**
 * Numbers out of vitest's JSON report (null when it wrote none) and its exit code. A file that could not be loaded
 * counts as one failure, and so does an exit code that no failed test explains: an error outside all tests, or no tests.
 */
export function countsOf(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of report?.testResults ?? []) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed++
      else if (status === 'failed') counts.failed++
      else counts.skipped++
    }
    const failedInside = file.assertionResults.some(({ status }) => status === 'failed')
    if (file.status === 'failed' && !failedInside) counts.failed++
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed++
  return counts
}

/** The closing line. */
export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
