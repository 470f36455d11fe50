import { describe, expect, it } from '@jest/globals';
import { messageSchemaOf, ProtoFile, pathsOfSchema } from '#testing';
import { lookUpProfile, profileById } from '../views/profiles/profiles.slices.js';

const proto = new ProtoFile('einklang/customers/v1/customers.proto', 'einklang.customers.v1');

describe('customers.proto', () => {
  it.each([
    ['LookUpRequest', messageSchemaOf(lookUpProfile)],
    ['GetProfileRequest', messageSchemaOf(profileById)],
    ['Profile', profileById.shape.answer],
  ])('has in %s the fields that are checked and answered', (message, schema) => {
    expect(proto.pathsLike(message, schema)).toEqual(pathsOfSchema(schema));
  });

  it('offers the methods of the controller', () => {
    expect(proto.methodsOf('Customers')).toEqual(['GetProfile', 'LookUp']);
  });
});
