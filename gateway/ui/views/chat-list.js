// @ts-check
export const ChatList = () => null;
export const focusSearch = () => null;
