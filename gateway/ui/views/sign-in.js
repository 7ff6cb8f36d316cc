// @ts-check
export const SignIn = () => null;
