/** A Lambda function that calls CXone. Each instance keeps its token from one event to the next. */
import { cxone } from "./cxone.js"
import { answerFor } from "./make-cxone.js"

export const handler = async () => {
  try {
    return {
      statusCode: 200,
      headers: {},
      body: JSON.stringify(await cxone.getJson("/incontactAPI/services/v33.0/server-time"))
    }
  } catch (error) {
    const { body, headers, status } = answerFor(error)
    return { statusCode: status, headers, body: JSON.stringify(body) }
  }
}
