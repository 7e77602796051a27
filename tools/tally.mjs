/** Counts what vitest reports, and tells which skipped tests are allowed where everything has been installed. */

/**
 * The parts of vitest's JSON report that are read here.
 * @typedef {{ status: string, fullName: string }} Assertion
 * @typedef {{ name: string, status: string, message: string, assertionResults: Assertion[] }} TestFile
 * @typedef {{ success: boolean, testResults: TestFile[] }} Report
 * @typedef {{ passed: number, failed: number, skipped: string[] }} Tally
 */

/** The reference collector is compared with where somebody has built it; no package brings it. */
const optional = /\bcfsctl\b/;

/**
 * A file that failed without one failed test (it did not even load) counts as one failure, and so does a run that
 * failed for a reason outside all tests.
 * @param {Report} report
 * @returns {Tally}
 */
export function tally({ success, testResults }) {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((it) => it.status === 'failed'),
  );
  const failed = tests.filter(({ status }) => status === 'failed').length + broken.length;
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: failed === 0 && !success ? 1 : failed,
    skipped: tests.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ fullName }) => fullName),
  };
}

/**
 * The skipped tests that are an error where every tool can be installed: all but those that name the optional tool.
 * @param {readonly string[]} skipped
 */
export function unexcused(skipped) {
  return skipped.filter((name) => !optional.test(name));
}
