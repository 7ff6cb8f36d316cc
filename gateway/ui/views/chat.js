// @ts-check
export const ChatView = () => null;
