/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device on coap-node, an LwM2M client of 2016: bootstraps over plain CoAP and tells what its
 * objects hold then (keys only by their length).
 *     node coap_node.js ENDPOINT PORT SECONDS
 */
'use strict';
const CoapNode = require('coap-node');
const SmartObject = require('smartobject');

const [endpoint, port, seconds] = process.argv.slice(2);
const objects = new SmartObject();
const device = new CoapNode(endpoint, objects);

const show = (name) => {
	for (const [id, instance] of Object.entries(objects.dumpSync(name) ?? {}))
		for (const [key, value] of Object.entries(instance))
			console.log(`${name} ${id} ${key} ${key === 'secretKey' ? `${Buffer.byteLength(value)} octets` : value}`);
};

device.on('bootstrapped', () => {
	console.log('bootstrapped');
	show('lwm2mSecurity');
	show('lwm2mServer');
	process.exit(0);
});
device.on('error', (e) => console.log(`error: ${e.message}`));
device.bootstrap('127.0.0.1', Number(port), (e, answer) => console.log(e ? `error: ${e.message}` : `answer ${answer.status}`));
setTimeout(() => {
	console.log('not bootstrapped');
	process.exit(1);
}, Number(seconds) * 1000);
