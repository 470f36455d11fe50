import * as protoLoader from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import descriptor, { type IDescriptorProto, type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';

/**
 * Reflection over `protoFiles` as they are written. proto-loader gives their fields the names of JavaScript unless told
 * otherwise. protobufjs names the entry of the map `available_units` `Available_units`, where the language says
 * `AvailableUnitsEntry` and every other tool refuses the rest, and leaves out the names fields have in JSON.
 */
export function reflectionOf(protoFiles: readonly string[], includeDirs: readonly string[]): ReflectionService {
  const definition = protoLoader.loadSync([...protoFiles], { includeDirs: [...includeDirs], keepCase: true });
  const written = Object.entries(definition).map(([name, each]) => [
    name,
    'fileDescriptorProtos' in each && Array.isArray(each.fileDescriptorProtos)
      ? { ...each, fileDescriptorProtos: each.fileDescriptorProtos.map(withMapEntries) }
      : each,
  ]);
  return new ReflectionService(Object.fromEntries(written));
}

function withMapEntries(file: Buffer): Buffer {
  const { FileDescriptorProto } = descriptor;
  const decoded: IFileDescriptorProto = FileDescriptorProto.toObject(FileDescriptorProto.decode(file));
  for (const message of decoded.messageType ?? []) mend(message, `.${decoded.package}`);
  return Buffer.from(FileDescriptorProto.encode(FileDescriptorProto.fromObject(decoded)).finish());
}

function mend(message: IDescriptorProto, scope: string): void {
  const name = `${scope}.${message.name}`;
  for (const field of message.field ?? []) {
    const pascal = pascalCase(field.name ?? '');
    field.jsonName = pascal.charAt(0).toLowerCase() + pascal.slice(1);
  }
  for (const nested of message.nestedType ?? []) {
    const field = nested.options?.mapEntry && message.field?.find(({ typeName }) => typeName === nested.name);
    if (field) {
      nested.name = `${pascalCase(field.name ?? '')}Entry`;
      field.typeName = `${name}.${nested.name}`;
    }
    mend(nested, name);
  }
}

const pascalCase = (name: string): string =>
  name.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
