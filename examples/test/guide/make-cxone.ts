/** A reader has this file beside the test. */
export * from "../../src/make-cxone.js"
