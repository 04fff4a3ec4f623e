import { testDeployedForm } from './deployed-form.ts';

testDeployedForm('the deployed form', { enforcesPolicies: false });
