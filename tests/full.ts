/** True in the long form of the suites, which `SIGNET_FULL` asks for: every case instead of a part. */
export const FULL = process.env["SIGNET_FULL"] !== undefined;
