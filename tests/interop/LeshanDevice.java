/* SPDX-License-Identifier: Apache-2.0 */
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.californium.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.client.californium.endpoint.coap.CoapClientProtocolProvider;
import org.eclipse.leshan.client.californium.endpoint.coaps.CoapsClientProtocolProvider;
import org.eclipse.leshan.client.engine.DefaultRegistrationEngineFactory;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.LwM2mObjectEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.node.LwM2mObject;
import org.eclipse.leshan.core.node.LwM2mObjectInstance;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.response.ReadResponse;

/**
 * A device on Eclipse Leshan's client: bootstraps, tells what its objects 0 and 1 hold then, and
 * registers where it was told to.  One argument: a file of properties, since keys do not belong on
 * a command line.
 */
public final class LeshanDevice {
	private static final CountDownLatch over = new CountDownLatch(1);
	private static volatile boolean registered;

	private static byte[] file(Properties p, String name) throws Exception {
		return Files.readAllBytes(Path.of(p.getProperty(name)));
	}

	private static Security account(Properties p) throws Exception {
		String uri = p.getProperty("uri");

		switch (p.getProperty("security")) {
		case "nosec":
			return Security.noSecBootstrap(uri);
		case "psk":
			return Security.pskBootstrap(uri, p.getProperty("identity").getBytes("UTF-8"),
				HexFormat.of().parseHex(p.getProperty("key")));
		case "rpk":
			return Security.rpkBootstrap(
				uri, file(p, "public"), file(p, "private"), file(p, "server"));
		case "x509":
			return Security.x509Bootstrap(
				uri, file(p, "public"), file(p, "private"), file(p, "server"));
		default:
			throw new IllegalArgumentException("security");
		}
	}

	/* Every value but keys (0/x/5). */
	private static void show(LeshanClient client, int object) {
		LwM2mObjectEnabler enabler = client.getObjectTree().getObjectEnabler(object);
		ReadResponse read = enabler.read(LwM2mServer.SYSTEM, new ReadRequest(object));

		if (!read.isSuccess())
			return;
		for (LwM2mObjectInstance i : ((LwM2mObject) read.getContent()).getInstances().values())
			for (LwM2mResource r : i.getResources().values()) {
				Object v = r.isMultiInstances() ? r.getInstances() : r.getValue();

				if (object == 0 && r.getId() == 5)
					continue;
				if (v instanceof byte[])
					v = object == 0 && r.getId() == 3 && ((byte[]) v).length < 64
						? new String((byte[]) v) : ((byte[]) v).length + " octets";
				System.out.println("/" + object + "/" + i.getId() + "/" + r.getId() + " " + v);
			}
	}

	private static final class Teller extends LwM2mClientObserverAdapter {
		private LeshanClient client;

		@Override
		public void onBootstrapSuccess(LwM2mServer server, BootstrapRequest request) {
			System.out.println("bootstrapped");
			show(client, 0);
			show(client, 1);
		}

		@Override
		public void onBootstrapFailure(LwM2mServer server, BootstrapRequest request, ResponseCode code,
			String message, Exception cause) {
			System.out.println("bootstrap failed: " + code + " " + message + " " + cause);
			over.countDown();
		}

		@Override
		public void onBootstrapTimeout(LwM2mServer server, BootstrapRequest request) {
			System.out.println("bootstrap: no answer");
			over.countDown();
		}

		@Override
		public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
			System.out.println("registered at " + server.getUri());
			registered = true;
			over.countDown();
		}

		@Override
		public void onRegistrationFailure(LwM2mServer server, RegisterRequest request, ResponseCode code,
			String message, Exception cause) {
			System.out.println("registration failed: " + code + " " + message + " " + cause);
			over.countDown();
		}

		@Override
		public void onRegistrationTimeout(LwM2mServer server, RegisterRequest request) {
			System.out.println("registration: no answer");
			over.countDown();
		}
	}

	public static void main(String[] args) throws Exception {
		Properties p = new Properties();
		try (InputStream in = Files.newInputStream(Path.of(args[0]))) {
			p.load(in);
		}
		ObjectsInitializer objects = new ObjectsInitializer();
		objects.setInstancesForObject(0, account(p));
		objects.setClassForObject(1, Server.class);
		objects.setInstancesForObject(3, new Device("Interop", "device", "1"));

		DefaultRegistrationEngineFactory engine = new DefaultRegistrationEngineFactory();
		engine.setBootstrapSessionTimeoutInSec(20);
		engine.setRequestTimeoutInMs(10000);
		if (p.getProperty("pct") != null)
			engine.setPreferredContentFormat(ContentFormat.fromCode(p.getProperty("pct")));

		LeshanClientBuilder builder = new LeshanClientBuilder(p.getProperty("endpoint"));
		builder.setObjects(objects.create(0, 1, 3));
		builder.setRegistrationEngineFactory(engine);
		builder.setEndpointsProviders(new CaliforniumClientEndpointsProvider.Builder(
			new CoapClientProtocolProvider(), new CoapsClientProtocolProvider())
				.setClientAddress(InetAddress.getLoopbackAddress()).build());

		LeshanClient client = builder.build();
		Teller teller = new Teller();
		teller.client = client;
		client.addObserver(teller);
		client.start();
		over.await(45, TimeUnit.SECONDS);
		client.destroy(registered);
		System.exit(registered ? 0 : 1);
	}
}
