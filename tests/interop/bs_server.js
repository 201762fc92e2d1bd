/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bootstrap server on the coap package: plain CoAP, one device.  What it writes comes from a file
 * of lines "METHOD PATH FORMAT HEX"; a body above 64 octets goes in blocks without a Size1 option.
 *     node bs_server.js PORT STEPS SECONDS
 */
'use strict';
const fs = require('fs');
const coap = require('coap');

const [port, file, seconds] = process.argv.slice(2);
const steps = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => {
	const [method, pathname, format, hex] = line.split(' ');

	return { method, pathname, format: Number(format ?? 0), body: Buffer.from(hex ?? '', 'hex') };
});
coap.registerFormat('application/vnd.oma.lwm2m+tlv', 11542);

const server = coap.createServer({ type: 'udp4' });
let agent;

const send = (peer, step) => new Promise((resolve, reject) => {
	const request = coap.request({ host: peer.address, port: peer.port, method: step.method, pathname: step.pathname, agent, confirmable: true });

	if (step.body.length)
		request.setOption('Content-Format', Buffer.from([step.format >> 8, step.format & 255]));
	if (step.body.length > 64)
		request.setOption('Block1', Buffer.from([0x02])); // block 0 of 64 octets; the package cuts
	request.on('response', (response) => resolve(response));
	request.on('error', reject);
	request.on('timeout', reject);
	request.end(step.body);
});

server.on('request', async (request, response) => {
	console.log(`${request.method} ${request.url}`);
	if (request.method !== 'POST' || !request.url.startsWith('/bs?')) {
		response.code = '4.04';
		response.end();
		return;
	}
	response.code = '2.04';
	response.end();
	try {
		for (const step of [...steps, { method: 'POST', pathname: '/bs', body: Buffer.alloc(0) }]) {
			const answer = await send(request.rsinfo, step);

			console.log(`${step.method} ${step.pathname} ${step.body.length} octets: ${answer.code} ${answer.payload}`);
		}
		console.log('done');
	} catch (e) {
		console.log(`failed: ${e.message}`);
	}
});
server.listen(Number(port), '127.0.0.1', () => {
	agent = new coap.Agent({ socket: server._sock, type: 'udp4' }); // requests leave from the port the device knows
	console.log('listening');
});
setTimeout(() => process.exit(0), Number(seconds) * 1000);
