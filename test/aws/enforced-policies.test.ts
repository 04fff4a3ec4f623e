import { testDeployedForm } from './deployed-form.ts';

testDeployedForm('the deployed form with the policies of its roles', { enforcesPolicies: true });
