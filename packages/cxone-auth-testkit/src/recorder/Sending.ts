import type { RecordedRequest } from "./RecordedRequest.js"

// Beside the requests, because a recorded request is a value: two that were sent the same stay equal while one is answered.
const sending = new WeakSet<RecordedRequest>()

/** The answer has begun: what follows is its body. */
export const begin = (request: RecordedRequest): void => void sending.add(request)

/** The whole body was sent, or it broke off. */
export const end = (request: RecordedRequest): void => void sending.delete(request)

/** Whether the body of the answer is still being sent. */
export const isSending = (request: RecordedRequest): boolean => sending.has(request)
