// @ts-check
export const AccountView = () => null;
