/* SPDX-License-Identifier: Apache-2.0 */
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.link.Link;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.californium.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.server.californium.endpoint.coaps.CoapsServerProtocolProvider;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/**
 * A management server on Eclipse Leshan: lets in the server accounts of files that `imprint batch
 * export` and `server export --to leshan` wrote, reads a few paths of each device that registers, and tells all of it.
 * Arguments: port, seconds, own certificate (DER), own key (PKCS #8), the devices' CA (DER),
 * exports...
 */
public final class LeshanManager {
	private static final InMemorySecurityStore store = new InMemorySecurityStore();

	private static void say(String text) {
		System.out.println(text);
		System.out.flush();
	}

	private static SecurityInfo info(JsonNode a) throws Exception {
		String endpoint = a.get("endpoint").asText();

		switch (a.get("security").asText()) {
		case "psk":
			return SecurityInfo.newPreSharedKeyInfo(endpoint, a.get("identity").asText(),
				HexFormat.of().parseHex(a.get("psk").asText()));
		case "rpk":
			return SecurityInfo.newRawPublicKeyInfo(endpoint, KeyFactory.getInstance("EC").generatePublic(
				new X509EncodedKeySpec(Base64.getDecoder().decode(a.get("public_key").asText()))));
		default:
			return SecurityInfo.newX509CertInfo(endpoint);
		}
	}

	private static byte[] octets(JsonNode list) {
		byte[] out = new byte[list.size()];

		for (int i = 0; i < out.length; i++)
			out[i] = (byte) list.get(i).asInt();
		return out;
	}

	private static SecurityInfo handed(String endpoint, JsonNode account) throws Exception {
		byte[] id = octets(account.get("publicKeyOrId"));

		switch (account.get("securityMode").asText()) {
		case "PSK":
			return SecurityInfo.newPreSharedKeyInfo(
				endpoint, new String(id, "UTF-8"), octets(account.get("secretKey")));
		case "RPK":
			return SecurityInfo.newRawPublicKeyInfo(endpoint,
				KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(id)));
		default:
			return SecurityInfo.newX509CertInfo(endpoint);
		}
	}

	private static void load(String file) throws Exception {
		ObjectMapper json = new ObjectMapper();

		for (String line : Files.readAllLines(Path.of(file))) {
			JsonNode account = json.readTree(line);

			if (account.has("bootstrap"))
				for (JsonNode given : account.get("bootstrap").get("security"))
					store.add(handed(account.get("endpoint").asText(), given));
			else if (account.get("role").asText().equals("server"))
				store.add(info(account));
		}
	}

	static X509Certificate certificate(String file) throws Exception {
		return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(
			new ByteArrayInputStream(Files.readAllBytes(Path.of(file))));
	}

	private static final class Teller implements RegistrationListener {
		private LeshanServer server;

		private void read(Registration r, String path) {
			try {
				ReadResponse answer = server.send(r, new ReadRequest(path), 5000);
				say("read " + path + " of " + r.getEndpoint() + ": "
					+ (answer == null ? "no answer" : answer.getCode().toString()));
			} catch (Exception e) {
				say("read " + path + " of " + r.getEndpoint() + ": " + e);
			}
		}

		@Override
		public void registered(Registration r, Registration previous, Collection<Observation> o) {
			StringBuilder links = new StringBuilder();

			for (Link l : r.getObjectLinks())
				links.append(' ').append(l.getUriReference());
			say("registered " + r.getEndpoint() + " lifetime " + r.getLifeTimeInSec() + " version "
				+ r.getLwM2mVersion() + " links" + links);
			new Thread(() -> {
				read(r, "/3/0/0");
				read(r, "/1");
				read(r, "/0");
				say("asked " + r.getEndpoint());
			}).start();
		}

		@Override
		public void updated(RegistrationUpdate u, Registration r, Registration previous) {
			say("updated " + r.getEndpoint());
		}

		@Override
		public void unregistered(
			Registration r, Collection<Observation> o, boolean expired, Registration now) {
			say("unregistered " + r.getEndpoint());
		}
	}

	public static void main(String[] args) throws Exception {
		for (int i = 5; i < args.length; i++)
			load(args[i]);
		LeshanServerBuilder builder = new LeshanServerBuilder();
		builder.setSecurityStore(store);
		builder.setCertificateChain(new X509Certificate[] { certificate(args[2]) });
		builder.setPrivateKey(KeyFactory.getInstance("EC").generatePrivate(
			new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(args[3])))));
		builder.setTrustedCertificates(new Certificate[] { certificate(args[4]) });
		builder.setEndpointsProviders(new CaliforniumServerEndpointsProvider.Builder(
			new CoapsServerProtocolProvider())
				.addEndpoint(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])),
					Protocol.COAPS).build());

		LeshanServer server = builder.build();
		Teller teller = new Teller();
		teller.server = server;
		server.getRegistrationService().addListener(teller);
		server.start();
		say("listening");
		TimeUnit.SECONDS.sleep(Long.parseLong(args[1]));
		System.exit(0);
	}
}
