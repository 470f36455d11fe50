/** From which every simulated shop derives its credentials, and the system those it is given. */
export const SHOP_SECRET = 'the secret of the simulated shops';
