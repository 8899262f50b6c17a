/**
 * How a request ends without an answer.
 */
import * as Data from "effect/Data"

/**
 * The simulator broke the connection. If an effect fails with it, there is no answer; if a body fails with it, the answer
 * breaks off. Each transport turns it into what its client would see.
 */
export class ConnectionLost extends Data.TaggedError("ConnectionLost") {
  override get message(): string {
    return "The simulator broke the connection, as a fault or the test told it"
  }
}

/** The client broke off before it had sent the whole body. `cause` is its own failure, if it is in this process. */
export class ClientGone extends Data.TaggedError("ClientGone")<{ readonly cause?: unknown }> {}
