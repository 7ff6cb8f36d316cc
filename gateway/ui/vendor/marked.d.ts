export interface Token { type: string; raw: string; text?: string; tokens?: Token[]; [more: string]: any; }
export function lexer(source: string, options?: object): Token[];
