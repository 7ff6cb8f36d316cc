// @ts-check
export const DeletedChats = () => null;
