/* SPDX-License-Identifier: Apache-2.0 */
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.CollectionType;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.BootstrapSessionAdapter;
import org.eclipse.leshan.server.bootstrap.InMemoryBootstrapConfigStore;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServer;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.CaliforniumBootstrapServerEndpointsProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coap.CoapBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coaps.CoapsBootstrapServerProtocolProvider;
import org.eclipse.leshan.server.security.BootstrapSecurityStoreAdapter;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/**
 * A bootstrap server on Eclipse Leshan, with what `imprint server export --to leshan` wrote: each
 * body goes into Leshan's own classes by member names, unknown ones are refused, and through its
 * check.  (The demonstration server, whose REST API takes the same bodies, is no package.)
 * Arguments: port of coaps, port of coap, seconds, own certificate (DER), own key (PKCS #8), the
 * devices' CA (DER), exports...
 */
public final class LeshanBootstrap {
	private static void say(String text) {
		System.out.println(text);
		System.out.flush();
	}

	/* ---- JSON ------------------------------------------------------------------------------- */

	/* Octets are lists of numbers there. */
	private static final class Octets extends JsonDeserializer<byte[]> {
		@Override
		public byte[] deserialize(JsonParser p, DeserializationContext c) throws IOException {
			JsonNode list = p.readValueAsTree();
			byte[] out = new byte[list.size()];

			if (!list.isArray())
				throw new IOException("octets are not a list");
			for (int i = 0; i < out.length; i++)
				out[i] = (byte) list.get(i).asInt();
			return out;
		}
	}

	private static final class Bindings extends JsonDeserializer<EnumSet<BindingMode>> {
		@Override
		public EnumSet<BindingMode> deserialize(JsonParser p, DeserializationContext c)
			throws IOException {
			return BindingMode.parse(p.getText());
		}
	}

	private static final class Format extends JsonDeserializer<ContentFormat> {
		@Override
		public ContentFormat deserialize(JsonParser p, DeserializationContext c) throws IOException {
			return ContentFormat.fromName(p.getText());
		}
	}

	private static ObjectMapper mapper() {
		ObjectMapper json = new ObjectMapper();
		SimpleModule module = new SimpleModule() {
			@Override
			public void setupModule(SetupContext context) {
				super.setupModule(context);
				context.addDeserializers(new com.fasterxml.jackson.databind.module.SimpleDeserializers() {
					@Override
					public JsonDeserializer<?> findCollectionDeserializer(CollectionType type,
						com.fasterxml.jackson.databind.DeserializationConfig config,
						com.fasterxml.jackson.databind.BeanDescription bean,
						com.fasterxml.jackson.databind.jsontype.TypeDeserializer t,
						JsonDeserializer<?> element) {
						return type.hasRawClass(EnumSet.class) ? new Bindings() : null;
					}
				});
			}
		};

		module.addDeserializer(byte[].class, new Octets());
		module.addDeserializer(ContentFormat.class, new Format());
		return json.registerModule(module);
	}

	/* ---- devices ---------------------------------------------------------------------------- */

	private static SecurityInfo info(String endpoint, JsonNode tls) throws Exception {
		JsonNode details = tls.get("details");

		switch (tls.get("mode").asText()) {
		case "psk":
			return SecurityInfo.newPreSharedKeyInfo(endpoint, details.get("identity").asText(),
				HexFormat.of().parseHex(details.get("key").asText()));
		case "rpk":
			return SecurityInfo.newRawPublicKeyInfo(endpoint, KeyFactory.getInstance("EC").generatePublic(
				new X509EncodedKeySpec(HexFormat.of().parseHex(details.get("key").asText()))));
		default:
			return SecurityInfo.newX509CertInfo(endpoint);
		}
	}

	private static void load(String file, InMemorySecurityStore devices,
		InMemoryBootstrapConfigStore configurations) throws Exception {
		ObjectMapper json = mapper();

		for (String line : Files.readAllLines(Path.of(file))) {
			JsonNode unit = json.readTree(line);
			String endpoint = unit.get("endpoint").asText();

			if (unit.get("security").hasNonNull("tls"))
				devices.add(info(endpoint, unit.get("security").get("tls")));
			configurations.add(endpoint, json.treeToValue(unit.get("bootstrap"), BootstrapConfig.class));
		}
		say("taken: " + file);
	}

	/* ---- events ----------------------------------------------------------------------------- */

	private static final class Teller extends BootstrapSessionAdapter {
		@Override
		public void onResponseSuccess(BootstrapSession s,
			BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse response) {
			say(s.getEndpoint() + " " + request.getClass().getSimpleName() + " " + request.getPath() + " "
				+ response.getCode());
		}

		@Override
		public void onResponseError(BootstrapSession s,
			BootstrapDownlinkRequest<? extends LwM2mResponse> request, LwM2mResponse response) {
			say(s.getEndpoint() + " " + request.getClass().getSimpleName() + " " + request.getPath() + " "
				+ response.getCode() + " " + response.getErrorMessage());
		}

		@Override
		public void end(BootstrapSession s) {
			say("finished " + s.getEndpoint());
		}

		@Override
		public void failed(BootstrapSession s, BootstrapFailureCause cause) {
			say("failed " + s.getEndpoint() + " " + cause);
		}
	}

	public static void main(String[] args) throws Exception {
		InMemorySecurityStore devices = new InMemorySecurityStore();
		InMemoryBootstrapConfigStore configurations = new InMemoryBootstrapConfigStore();

		for (int i = 6; i < args.length; i++)
			load(args[i], devices, configurations);
		LeshanBootstrapServerBuilder builder = new LeshanBootstrapServerBuilder();
		builder.setSecurityStore(new BootstrapSecurityStoreAdapter(devices));
		builder.setConfigStore(configurations);
		builder.setCertificateChain(new X509Certificate[] { LeshanManager.certificate(args[3]) });
		builder.setPrivateKey(KeyFactory.getInstance("EC").generatePrivate(
			new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(args[4])))));
		builder.setTrustedCertificates(new Certificate[] { LeshanManager.certificate(args[5]) });
		builder.setEndpointsProviders(new CaliforniumBootstrapServerEndpointsProvider.Builder(
			new CoapBootstrapServerProtocolProvider(), new CoapsBootstrapServerProtocolProvider())
				.addEndpoint(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), Protocol.COAPS)
				.addEndpoint(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), Protocol.COAP)
				.build());

		LeshanBootstrapServer server = builder.build();
		server.addListener(new Teller());
		server.start();
		say("listening");
		TimeUnit.SECONDS.sleep(Long.parseLong(args[2]));
		System.exit(0);
	}
}
