/** A route handler of Next: `app/server-time/route.ts`. */
import { cxone } from "@/cxone"
import { answerFor } from "@/make-cxone"

export const dynamic = "force-dynamic"

export const GET = async (request: Request): Promise<Response> => {
  try {
    return Response.json(await cxone.getJson("/incontactAPI/services/v33.0/server-time", request.signal))
  } catch (error) {
    const { body, ...init } = answerFor(error)
    return Response.json(body, init)
  }
}
