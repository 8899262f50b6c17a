/** Encodes a name or value as `application/x-www-form-urlencoded` does (RFC 6749 appendix B). */
export const encode = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)
